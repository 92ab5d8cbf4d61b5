"""The only user of faust: app, batch transport, agents. May import storage and below."""
