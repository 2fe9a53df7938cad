/// The schema's history, one for both engines. A step that has shipped is never edited.
///
/// Written for SQLite; `SQLDialect.schema` turns the types' names. So a text must say INTEGER, REAL, TEXT or BLOB, and
/// what both databases know besides.
enum Schema {
    struct Step: Sendable {
        let name: String
        let sql: String
    }

    static let steps = [
        Step(name: "1 nodes, tokens, jobs, results", sql: first),
        Step(name: "2 progress", sql: "ALTER TABLE jobs ADD COLUMN progress INTEGER NOT NULL DEFAULT 0"),
        Step(name: "3 fleet", sql: fleet),
        Step(name: "4 checks", sql: "ALTER TABLE jobs ADD COLUMN check_id TEXT"),
    ]

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

    // Columns named as in docs/backend-api.md. Two that need a word: `jobs.cancel_due` is set when a job was ended that
    // a node of another replica has, until that replica has told it; `jobs.bytes` is what retention counts it as.
    private static let fleet = """
        CREATE TABLE replicas (
            replica_id TEXT PRIMARY KEY,
            beat INTEGER NOT NULL,
            started_at INTEGER NOT NULL
        );

        ALTER TABLE registration_tokens ADD COLUMN revoked_at INTEGER;

        ALTER TABLE nodes ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE nodes ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE nodes ADD COLUMN deleted_at INTEGER;
        ALTER TABLE nodes ADD COLUMN old_key_digest BLOB;
        ALTER TABLE nodes ADD COLUMN old_key_valid_until INTEGER;
        ALTER TABLE nodes ADD COLUMN load_history BLOB;
        ALTER TABLE nodes ADD COLUMN replica TEXT;
        ALTER TABLE nodes ADD COLUMN connection_id TEXT;
        CREATE INDEX nodes_connected ON nodes(replica) WHERE replica IS NOT NULL;
        CREATE INDEX nodes_by_name ON nodes(name, node_uuid);

        CREATE TABLE api_keys (
            key_id TEXT PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            name TEXT NOT NULL,
            role TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER,
            revoked_at INTEGER
        );

        CREATE TABLE sessions (
            digest BLOB PRIMARY KEY,
            key_id TEXT REFERENCES api_keys(key_id),
            name TEXT NOT NULL,
            role TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL
        );
        CREATE INDEX sessions_by_expiry ON sessions(expires_at);

        CREATE TABLE measurements (
            seq INTEGER PRIMARY KEY,
            measurement_id TEXT NOT NULL UNIQUE,
            schedule_id TEXT,
            tool TEXT NOT NULL,
            target TEXT NOT NULL,
            parameters BLOB NOT NULL,
            timeout REAL,
            priority INTEGER NOT NULL,
            progress INTEGER NOT NULL,
            selector TEXT,
            node_count INTEGER,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL
        );

        CREATE TABLE schedules (
            schedule_id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            tool TEXT NOT NULL,
            targets TEXT NOT NULL,
            parameters BLOB NOT NULL,
            timeout REAL,
            priority INTEGER NOT NULL,
            every REAL,
            cron TEXT,
            selector TEXT,
            node_count INTEGER,
            enabled INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            next_run_at INTEGER,
            last_run_at INTEGER,
            last_measurement_ids TEXT NOT NULL DEFAULT '[]'
        );
        CREATE INDEX schedules_due ON schedules(next_run_at) WHERE enabled = 1;

        ALTER TABLE jobs ADD COLUMN measurement_id TEXT;
        ALTER TABLE jobs ADD COLUMN schedule_id TEXT;
        ALTER TABLE jobs ADD COLUMN selector TEXT;
        ALTER TABLE jobs ADD COLUMN error_code TEXT;
        ALTER TABLE jobs ADD COLUMN cancel_due INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
        UPDATE jobs SET bytes = 512 + length(parameters)
            + coalesce((SELECT length(body) FROM results WHERE results.seq = jobs.seq), 0);
        CREATE INDEX jobs_by_node ON jobs(node_uuid, seq);
        CREATE INDEX jobs_by_measurement ON jobs(measurement_id, node_uuid) WHERE measurement_id IS NOT NULL;
        CREATE INDEX jobs_cancel_due ON jobs(node_uuid) WHERE cancel_due = 1;
        CREATE INDEX jobs_finished ON jobs(finished_at, bytes) WHERE finished_at IS NOT NULL;
        """
}
