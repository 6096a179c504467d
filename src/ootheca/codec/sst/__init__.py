"""Table files (SSTs): the containers of a backup's rows.

footer.py        the last bytes: format, checksum kind, where index and metaindex lie
block.py         row blocks -> keys and values        block_builder.py   keys and values -> row blocks
compression.py   stored block <-> contents            properties.py      the properties block
rows.py          entries whose values lie in blocks of their own -> values
columns.py       columnar blocks -> columns          columnar.py        columns -> keys and values
rangekeys.py     range tombstones                    minlz.py           MinLZ blocks -> contents
reader.py        file -> KeyValueBatch                builder.py         KeyValueBatch -> file
dump.py          file -> annotated hex dump
"""
