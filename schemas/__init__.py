"""Contracts: events, resources, topics, published schemas and examples. Imports nothing of ours."""
