"""The SQL shell: command line, prompt, meta-commands, and the renderers of results and errors."""
