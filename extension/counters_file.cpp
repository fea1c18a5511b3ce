// Saving resource counters at a clean stop, and reading them back.
// SPDX-License-Identifier: PostgreSQL
#include "counters_file.hpp"

#include "counters.hpp"

#include <type_traits>

namespace tenancy::counters::file
{

namespace
{

constexpr const char *kFile = PGSTAT_STAT_PERMANENT_DIRECTORY "/tenancy.stat";
constexpr const char *kStandbyFile = PGSTAT_STAT_PERMANENT_DIRECTORY "/tenancy.standby.stat";
constexpr const char *kFileInMaking = PGSTAT_STAT_PERMANENT_DIRECTORY "/tenancy.stat.tmp";
constexpr uint32 kMagic = 0x74656e02;

struct Header
{
    uint32 magic;
    uint32 entry_size; // another number of counters or buckets: not ours to read
    uint64 next_epoch;
    int64 entries;
};
static_assert(std::is_trivially_copyable_v<Saved>);

struct Writer
{
    FILE *file;
    bool good;
};

// Does the server begin by replaying what another one wrote, as a standby or a restored copy does?
bool follows_another()
{
    return access(STANDBY_SIGNAL_FILE, F_OK) == 0 || access(RECOVERY_SIGNAL_FILE, F_OK) == 0 ||
           access(BACKUP_LABEL_FILE, F_OK) == 0;
}

// A standby's file has a name of its own, so that no copy of a primary's files goes on in the
// primary's epochs: the values that the primary has flushed since then come by replay, and the
// copy's would be below them.
FILE *open_to_read(Header *header)
{
    FILE *file = AllocateFile(follows_another() ? kStandbyFile : kFile, PG_BINARY_R);
    if (file == nullptr)
        return nullptr;
    if (fread(header, sizeof(*header), 1, file) == 1 && header->magic == kMagic &&
        header->entry_size == sizeof(Saved))
        return file;
    FreeFile(file);
    return nullptr;
}

void write(const Saved &saved, void *argument)
{
    auto *writer = static_cast<Writer *>(argument);
    writer->good = writer->good && fwrite(&saved, sizeof(saved), 1, writer->file) == 1;
}

} // namespace

int64 entries_at_start()
{
    static constinit int64 count = -1;
    if (count >= 0)
        return count;
    Header header;
    FILE *file = open_to_read(&header);
    count = file != nullptr ? header.entries : 0;
    if (file != nullptr)
        FreeFile(file);
    return count;
}

void load()
{
    Header header;
    FILE *file = open_to_read(&header);
    if (file != nullptr)
    {
        *next_epoch() = header.next_epoch;
        Saved saved;
        while (fread(&saved, sizeof(saved), 1, file) == 1)
            restore(saved);
        FreeFile(file);
    }
    unlink(kFile);
    unlink(kStandbyFile);
}

void save()
{
    const char *path = RecoveryInProgress() ? kStandbyFile : kFile;
    Writer writer{AllocateFile(kFileInMaking, PG_BINARY_W), true};
    if (writer.file != nullptr)
    {
        const Header header{kMagic, sizeof(Saved), *next_epoch(), count_all()};
        writer.good = fwrite(&header, sizeof(header), 1, writer.file) == 1;
        for_each(write, &writer);
    }
    const bool written = writer.file != nullptr && FreeFile(writer.file) == 0 && writer.good;
    if (written)
        (void)durable_rename(kFileInMaking, path, LOG);
    else
    {
        ereport(LOG, (errcode_for_file_access(),
                      errmsg("could not write resource counters to file \"%s\": %m", path)));
        unlink(kFileInMaking);
    }
}

} // namespace tenancy::counters::file
