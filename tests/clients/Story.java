// The JDBC driver: simple, extended and server-prepared statements on one connection.
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

public class Story {
    static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    static void refused(Statement statement, String sql) {
        try {
            statement.execute(sql);
        } catch (SQLException error) {
            check("42501".equals(error.getSQLState()), error.getSQLState() + ": " + error.getMessage());
            check(error.getMessage().contains("no-schema-drops"), error.getMessage());
            check(error.getMessage().contains("Schema changes go through migrations."), error.getMessage());
            return;
        }
        throw new AssertionError("the DROP was not refused");
    }

    static int count(Connection db) throws SQLException {
        try (Statement statement = db.createStatement();
                ResultSet rows = statement.executeQuery("SELECT count(*) FROM customers")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    public static void main(String[] words) throws Exception {
        for (String mode : new String[] {"extended", "simple"}) {
            try (Connection db = DriverManager.getConnection(words[0] + "&preferQueryMode=" + mode)) {
                check(count(db) == 100, "the first SELECT");
                try (Statement statement = db.createStatement()) {
                    refused(statement, "DROP TABLE customers");
                }
                check(count(db) == 100, "a SELECT after the refusal");
                try (PreparedStatement byId = db.prepareStatement("SELECT name FROM customers WHERE id = ?")) {
                    for (int id = 1; id <= 8; id++) {
                        byId.setInt(1, id);
                        ResultSet rows = byId.executeQuery();
                        check(rows.next() && rows.getString(1).equals("customer " + id), "row " + id);
                    }
                }
            }
        }
    }
}
