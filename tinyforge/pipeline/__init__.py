"""The stages, their order and their cache. A stage's modules are imported only when it runs."""
