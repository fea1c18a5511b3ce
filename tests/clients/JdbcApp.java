// The application with JDBC and HikariCP: JdbcApp STORY RESULTS.
// SPDX-License-Identifier: PostgreSQL

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;

final class JdbcApp {
    interface Work<T> {
        T run(Connection connection) throws SQLException, IOException, GivenUp;
    }

    interface Way {
        String run(String tenant, Work<String> work) throws SQLException, IOException, GivenUp;
    }

    static final class GivenUp extends Exception {
        private static final long serialVersionUID = 1;
    }

    // Prepared on the server at the first use, which the driver does at the fifth.
    static final String URL = "jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/"
            + System.getenv("PGDATABASE") + "?prepareThreshold=1";

    static final HikariDataSource pool = newPool(3, null);

    static <T> T actingFor(String tenant, Work<T> work) throws SQLException, IOException, GivenUp {
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            try (PreparedStatement set = connection.prepareStatement("SELECT tenancy.set_tenant(?, true)")) {
                set.setString(1, tenant);
                set.execute();
                T result = work.run(connection);
                connection.commit();
                return result;
            } finally {
                connection.rollback(); // of nothing, after a commit
            }
        }
    }

    // ---- other ways to say the same --------------------------------------------------------

    static String bySetConfig(String tenant, Work<String> work) throws SQLException, IOException, GivenUp {
        try (Connection connection = pool.getConnection()) {
            return inTransaction(connection, "SELECT set_config('tenancy.tenant_id', ?, true)", tenant, work);
        }
    }

    // SET takes no parameters: the client has to quote.
    static String bySetLocal(String tenant, Work<String> work) throws SQLException, IOException, GivenUp {
        try (Connection connection = pool.getConnection()) {
            String literal = "'" + connection.unwrap(PGConnection.class).escapeLiteral(tenant) + "'";
            return inTransaction(connection, "SET LOCAL tenancy.tenant_id = " + literal, null, work);
        }
    }

    static String bySession(String tenant, Work<String> work) throws SQLException, IOException, GivenUp {
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(true);
            try {
                execute(connection, "SELECT tenancy.set_tenant(?)", tenant);
                return inTransaction(connection, "SELECT", null, work);
            } finally {
                connection.setAutoCommit(true);
                execute(connection, "SELECT tenancy.reset_tenant()");
            }
        }
    }

    static String byStartup(String tenant, Work<String> work) throws SQLException, IOException, GivenUp {
        String url = URL + "&options=-c%20tenancy.tenant_id=" + tenant;
        String password = System.getenv("JDBC_PASSWORD");
        try (Connection connection = DriverManager.getConnection(url, System.getenv("PGUSER"), password)) {
            return inTransaction(connection, "SELECT", null, work);
        }
    }

    // A pool a tenant.
    static final Map<String, HikariDataSource> pools = new ConcurrentHashMap<>();

    static String byInitialStatement(String tenant, Work<String> work) throws SQLException, IOException, GivenUp {
        HikariDataSource own = pools.computeIfAbsent(tenant, t -> newPool(1, "SET tenancy.tenant_id = '" + t + "'"));
        try (Connection connection = own.getConnection()) {
            return inTransaction(connection, "SELECT", null, work);
        }
    }

    static final List<Way> WAYS = List.of(JdbcApp::actingFor, JdbcApp::bySetConfig, JdbcApp::bySetLocal,
            JdbcApp::bySession, JdbcApp::byStartup, JdbcApp::byInitialStatement);

    static HikariDataSource newPool(int size, String initialStatement) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(URL);
        config.setUsername(System.getenv("PGUSER"));
        config.setPassword(System.getenv("JDBC_PASSWORD"));
        config.setMaximumPoolSize(size);
        config.setConnectionInitSql(initialStatement);
        return new HikariDataSource(config);
    }

    static String inTransaction(Connection connection, String first, String parameter, Work<String> work)
            throws SQLException, IOException, GivenUp {
        connection.setAutoCommit(false);
        try {
            if (parameter == null) {
                execute(connection, first);
            } else {
                execute(connection, first, parameter);
            }
            String result = work.run(connection);
            connection.commit();
            return result;
        } finally {
            connection.rollback();
        }
    }

    // ---- the application -------------------------------------------------------------------

    static int execute(Connection connection, String sql, String... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setString(i + 1, parameters[i]);
            }
            return statement.execute() ? 0 : statement.getUpdateCount();
        }
    }

    static void insert(Connection connection, String key, String body) throws SQLException {
        execute(connection, "INSERT INTO notes (key, body) VALUES (?, ?)", key, body);
    }

    static Map<String, String> read(Connection connection, String tenant, String key) throws SQLException {
        Map<String, String> notes = new TreeMap<>();
        String sql = "SELECT tenant_id, key, body FROM notes" + (key == null ? "" : " WHERE key = ?");
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setFetchSize(3); // through a cursor of the server
            if (key != null) {
                statement.setString(1, key);
            }
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    String body = rows.getString(3);
                    if (!rows.getString(1).equals(tenant) || !body.startsWith(tenant + ":")) {
                        throw new AssertionError(rows.getString(1) + " " + body + " for " + tenant);
                    }
                    notes.put(rows.getString(2), body);
                }
            }
        }
        return notes;
    }

    static String half(Connection connection, String key, String body) throws SQLException {
        insert(connection, key, body);
        Savepoint savepoint = connection.setSavepoint();
        try {
            insert(connection, key, body);
            return "twice";
        } catch (PSQLException error) {
            connection.rollback(savepoint);
            insert(connection, key + ".2", body);
            return error.getSQLState();
        }
    }

    static String copy(Connection connection, String tenant, String key, int count) throws SQLException, IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 1; i <= count; i++) {
            lines.append(key + "." + i + "\t" + tenant + ":" + key + "." + i + "\n");
        }
        return "" + connection.unwrap(PGConnection.class).getCopyAPI()
                .copyIn("COPY notes (key, body) FROM STDIN", new StringReader(lines.toString()));
    }

    static String run(Connection connection, String operation, String tenant, String key, String body)
            throws SQLException, IOException, GivenUp {
        switch (operation) {
        case "add":
        case "abandon":
            execute(connection, "SELECT tenancy.consume('notes')");
            insert(connection, key, body);
            if (operation.equals("abandon")) {
                throw new GivenUp();
            }
            return "ok";
        case "change":
            return "" + execute(connection, "UPDATE notes SET body = ? WHERE key = ?", body, key);
        case "remove":
            return "" + execute(connection, "DELETE FROM notes WHERE key = ?", key);
        case "read":
            return read(connection, tenant, key).getOrDefault(key, "-");
        case "list":
            return read(connection, tenant, null).entrySet().stream().map(Map.Entry::toString)
                    .collect(Collectors.joining(","));
        case "half":
            return half(connection, key, body);
        case "copy":
            return copy(connection, tenant, key, Integer.parseInt(body));
        default:
            execute(connection, "INSERT INTO notes (tenant_id, key, body) VALUES (?, ?, 'stolen')", body, key);
            return "stolen";
        }
    }

    // ---- its users -------------------------------------------------------------------------

    static String play(String[] step) throws SQLException, IOException {
        String tenant = step[1].equals("-") ? "" : step[1];
        Way way = WAYS.get(Integer.parseInt(step[0]) % WAYS.size());
        try {
            return way.run(tenant, connection -> run(connection, step[2], tenant, step[3], step[4]));
        } catch (GivenUp error) {
            return "undone";
        } catch (PSQLException error) {
            if (error.getSQLState().equals("53400")
                    && !error.getServerErrorMessage().getDetail().contains("resets at")) {
                throw error;
            }
            return error.getSQLState();
        }
    }

    static String playAll(List<String[]> steps) throws SQLException, IOException {
        StringBuilder results = new StringBuilder();
        for (String[] step : steps) {
            results.append(step[0] + "\t" + play(step) + "\n");
        }
        return results.toString();
    }

    // The driver knows ApplicationName and few more: a tenant given like this is not heard.
    static void expectClientInfoToDoNothing() throws SQLException {
        try (Connection connection = pool.getConnection(); Statement statement = connection.createStatement()) {
            connection.setClientInfo("tenancy.tenant_id", "cl_1");
            try (ResultSet rows = statement.executeQuery("SELECT tenancy.current_tenant()")) {
                rows.next();
                if (rows.getString(1) != null) {
                    throw new AssertionError("setClientInfo() sets the tenant");
                }
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        try {
            playStory(Path.of(arguments[0]), Path.of(arguments[1]));
        } catch (ExecutionException error) {
            // The pools' threads would keep a failed application alive.
            error.printStackTrace();
            System.exit(1);
        }
    }

    static void playStory(Path story, Path file) throws Exception {
        expectClientInfoToDoNothing();
        Map<String, List<String[]>> byTenant = new LinkedHashMap<>();
        for (String line : Files.readAllLines(story)) {
            String[] step = line.split("\t");
            byTenant.computeIfAbsent(step[1], tenant -> new ArrayList<>()).add(step);
        }
        // A thread a tenant, so that they take turns with the pool's connections.
        ExecutorService threads = Executors.newFixedThreadPool(byTenant.size());
        List<Future<String>> played = new ArrayList<>();
        for (List<String[]> steps : byTenant.values()) {
            played.add(threads.submit(() -> playAll(steps)));
        }
        StringBuilder results = new StringBuilder();
        for (Future<String> one : played) {
            results.append(one.get());
        }
        threads.shutdown();
        Files.writeString(file, results);
        pool.close();
        pools.values().forEach(HikariDataSource::close);
    }
}
