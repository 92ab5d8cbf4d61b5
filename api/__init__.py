"""The only user of fastapi: gateway, REST routes, server-sent events. May import storage and below."""
