"""The API over real HTTP: an app on its own port, a real Temporal server, the three workers, one database."""
