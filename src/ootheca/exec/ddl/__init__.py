"""Statements that define data: from syntax tree to descriptors equal to CockroachDB's, and to the engine's tables."""
