"""A simulated B2B company: seeded, with known true effects. Pure; knows the contracts alone."""
