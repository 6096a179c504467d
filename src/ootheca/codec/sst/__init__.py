"""Table files (SSTs): the containers of a backup's rows.

footer.py        the last bytes: format, checksum kind, where index and metaindex lie
block.py         row blocks -> keys and values        block_builder.py   keys and values -> row blocks
compression.py   stored block <-> contents            properties.py      the properties block
reader.py        file -> KeyValueBatch                builder.py         KeyValueBatch -> file
dump.py          file -> annotated hex dump
"""
