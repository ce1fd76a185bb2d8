"""The manual's data: every key, fault, setting, figure and file with its meaning, and the schemas of files.

`reference` lists the keys of a scenario with what their classes say of them, `result_files` the folders of a
run and a sweep, `schema` the JSON Schemas; `topics` looks any of it up by name. `layout` brings a scenario
file into its canonical form, and `difference` finds where two scenarios differ in effect.
"""

__all__: list[str] = []
