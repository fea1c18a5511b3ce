# The extended protocol message by message, which psql cannot send: statements that are bound now and executed later.
# SPDX-License-Identifier: PostgreSQL
#
# usage: perl wire.pl USER DATABASE MESSAGE...
#   query SQL                      a simple query
#   parse NAME SQL                 NAME and PORTAL may be - for the unnamed one
#   bind PORTAL NAME [VALUE]...    blanks in values are not possible
#   execute PORTAL ROWS            0 = all
#   sync
# Prints each row's values with | between them, and each error as "ERROR SQLSTATE".
use strict;
use warnings;
use IO::Socket::UNIX;

my ($user, $database, @messages) = @ARGV;
my $server = IO::Socket::UNIX->new("$ENV{PGHOST}/.s.PGSQL.$ENV{PGPORT}") or die "cannot connect: $!";

sub receive {
    my ($size) = @_;
    my $data = '';
    while (length($data) < $size) {
        sysread($server, $data, $size - length($data), length($data)) or die "the server hung up\n";
    }
    return $data;
}

# Reads up to ReadyForQuery.
sub answer {
    for (;;) {
        my ($type, $size) = unpack('a N', receive(5));
        my $body = receive($size - 4);
        if ($type eq 'Z') { return }
        if ($type eq 'E') { print "ERROR $1\n" if $body =~ /\0C([^\0]*)/ }
        if ($type eq 'D') {
            my ($count, @values) = (unpack('n', $body));
            my $at = 2;
            for (1 .. $count) {
                my $length = unpack('l>', substr($body, $at, 4));
                push @values, $length < 0 ? '' : substr($body, $at + 4, $length);
                $at += 4 + ($length < 0 ? 0 : $length);
            }
            print join('|', @values), "\n";
        }
    }
}

sub name { return $_[0] eq '-' ? '' : $_[0] }
sub post { my ($type, $body) = @_; syswrite($server, pack('a N', $type, length($body) + 4) . $body) }

my $start = pack('N (Z*)* x', 196608, user => $user, database => $database, options => $ENV{PGOPTIONS} // '');
syswrite($server, pack('N', length($start) + 4) . $start);
answer();
for (@messages) {
    my ($word, $rest) = split(/ /, $_, 2);
    if ($word eq 'query') { post('Q', "$rest\0"); answer() }
    elsif ($word eq 'sync') { post('S', ''); answer() }
    elsif ($word eq 'parse') {
        my ($name, $sql) = split(/ /, $rest, 2);
        post('P', pack('Z* Z* n', name($name), $sql, 0));
    }
    elsif ($word eq 'bind') {
        my ($portal, $name, @values) = split(/ /, $rest);
        post('B', pack('Z* Z* n n', name($portal), name($name), 0, scalar @values)
              . join('', map { pack('N/a*', $_) } @values) . pack('n', 0));
    }
    elsif ($word eq 'execute') {
        my ($portal, $rows) = split(/ /, $rest);
        post('E', pack('Z* N', name($portal), $rows));
    }
    else { die "unknown message: $word\n" }
}
post('X', '');
