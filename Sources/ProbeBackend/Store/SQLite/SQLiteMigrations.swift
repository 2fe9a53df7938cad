import GRDB

/// The schema's history. A migration that has shipped is never edited.
enum SQLiteMigrations {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 nodes, tokens, jobs, results") { database in
            try database.execute(sql: first)
        }
        migrator.registerMigration("2 progress") { database in
            try database.execute(sql: "ALTER TABLE jobs ADD COLUMN progress INTEGER NOT NULL DEFAULT 0")
        }
        return migrator
    }

    // Instants are milliseconds since 1970; JSON is kept as the bytes that came. The indexes are partial: finished
    // jobs, by far the most, are in none but the one by request id.
    private static let first = """
        CREATE TABLE registration_tokens (
            token_id TEXT PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            name TEXT,
            uses INTEGER NOT NULL,
            uses_left INTEGER NOT NULL CHECK (uses_left >= 0),
            created_at INTEGER NOT NULL,
            expires_at INTEGER
        ) WITHOUT ROWID;

        CREATE TABLE nodes (
            node_uuid TEXT PRIMARY KEY,
            key_digest BLOB NOT NULL,
            name TEXT NOT NULL,
            hostname TEXT,
            region TEXT,
            zone TEXT,
            internal_ip TEXT,
            version TEXT,
            max_concurrent INTEGER NOT NULL,
            supported_tools BLOB,
            hardware_info BLOB,
            network_info BLOB,
            token_id TEXT,
            epoch INTEGER NOT NULL DEFAULT 0,
            registered_at INTEGER NOT NULL,
            last_seen_at INTEGER,
            heartbeat BLOB
        );

        CREATE TABLE jobs (
            seq INTEGER PRIMARY KEY,
            request_id TEXT NOT NULL UNIQUE,
            node_uuid TEXT REFERENCES nodes(node_uuid),
            any_node INTEGER NOT NULL,
            tool TEXT NOT NULL,
            target TEXT NOT NULL,
            parameters BLOB NOT NULL,
            priority INTEGER NOT NULL,
            timeout REAL,
            state TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            sent_at INTEGER,
            finished_at INTEGER,
            sends INTEGER NOT NULL DEFAULT 0,
            success INTEGER,
            execution_time REAL
        );
        CREATE INDEX jobs_queued ON jobs(node_uuid, priority DESC, seq) WHERE state = 'queued';
        CREATE INDEX jobs_sent ON jobs(node_uuid, seq) WHERE state = 'sent';
        CREATE INDEX jobs_open ON jobs(expires_at) WHERE state IN ('queued', 'sent');

        CREATE TABLE results (
            seq INTEGER PRIMARY KEY REFERENCES jobs(seq),
            received_at INTEGER NOT NULL,
            body BLOB NOT NULL
        );
        """
}
