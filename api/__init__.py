"""The only user of fastapi: gateway, REST routes, event streams. May import storage and below."""
