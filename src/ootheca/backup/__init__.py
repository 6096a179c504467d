"""The operations: plan and write a backup, open a chain, show it, restore from it. No SQL text, no printing."""

from ootheca.backup.opened import Backup, BackupTable, open_backup

__all__ = ["Backup", "BackupTable", "open_backup"]
