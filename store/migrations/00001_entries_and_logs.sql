-- Buckets and logs. Names and keys are bytes: they sort as bytes, and may hold
-- any.

-- +goose Up
CREATE TABLE entries (
    bucket BLOB NOT NULL,
    key    BLOB NOT NULL,
    value  BLOB NOT NULL,
    PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;

-- seq is never given twice, not even after the newest record was trimmed.
-- at is nanoseconds since 1970.
CREATE TABLE logs (
    seq   INTEGER PRIMARY KEY AUTOINCREMENT,
    log   BLOB    NOT NULL,
    at    INTEGER NOT NULL,
    key1  BLOB    NOT NULL,
    key2  BLOB    NOT NULL,
    value BLOB    NOT NULL
) STRICT;

CREATE INDEX logs_by_seq  ON logs (log, seq);
CREATE INDEX logs_by_key1 ON logs (log, key1, seq);
CREATE INDEX logs_by_key2 ON logs (log, key2, seq);
CREATE INDEX logs_by_time ON logs (log, at, seq);

-- +goose Down
DROP TABLE logs;
DROP TABLE entries;
