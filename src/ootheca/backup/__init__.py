"""The operations: plan and write a backup, open a chain, show it, restore from it. No SQL text, no printing."""
