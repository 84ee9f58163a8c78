"""SQLite with one writer: connections, numbered migrations, durable outbox."""
