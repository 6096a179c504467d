"""`ootheca report`: facts about a collection or a backup, collected, and one HTML page of them."""
