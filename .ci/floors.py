"""Compares what measure.py wrote with the floors of floors.json. A floor only rises.

Usage: floors.py SET FIGURES.json
"""
import json
import os
import sys

name, path = sys.argv[1:]
figures = json.load(open(path))
floors = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'floors.json')))[name]
failed = 0
for key, (kind, bound) in floors.items():
    value, rest = figures, key
    while rest:
        # A name may hold a dot itself: share_at_least_0.95.
        part, rest = (rest, '') if rest in value else rest.split('.', 1)
        value = value[part]
    held = value >= bound if kind == 'at least' else value <= bound
    failed += not held
    print(f"{'ok  ' if held else 'FAIL'} {name} {key}: {value} ({kind} {bound})")
sys.exit(1 if failed else 0)
