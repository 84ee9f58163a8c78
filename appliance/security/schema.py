"""The file of users, sessions and API tokens: state/api/security.db. Secrets are in it only as hashes."""

MIGRATIONS = (
    """CREATE TABLE user (
         username TEXT PRIMARY KEY,
         folded TEXT NOT NULL UNIQUE,
         role TEXT NOT NULL,
         password_hash TEXT NOT NULL,
         made_us INTEGER NOT NULL
       ) STRICT;
       CREATE TABLE session (
         id TEXT PRIMARY KEY,
         token_hash BLOB NOT NULL UNIQUE,
         username TEXT NOT NULL REFERENCES user (username) ON DELETE CASCADE,
         made_us INTEGER NOT NULL,
         seen_us INTEGER NOT NULL
       ) STRICT;
       CREATE TABLE token (
         id TEXT PRIMARY KEY,
         token_hash BLOB NOT NULL UNIQUE,
         name TEXT NOT NULL,
         role TEXT NOT NULL,
         made_by TEXT NOT NULL,
         made_us INTEGER NOT NULL,
         used_us INTEGER
       ) STRICT;
       CREATE TABLE secret (
         name TEXT PRIMARY KEY,
         value BLOB NOT NULL
       ) STRICT""",
)
