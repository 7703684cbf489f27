"""Judges the changes of tests/train/stretches.jsonl and says how often that is right.

Usage: stretches.py SHARED BINARY FIGURES.json
       stretches.py SHARED --texts FOLDER

A line of that file is a change between two texts of SHARED that a reader judged: all of
it, or, with `lines` [a, b, c, d], only that lines a to b of the old text gave way to lines
c to d of the new one (counted from 0, the end not included). No text stands in it.

The second form writes the texts, and labels.jsonl beside them, as `train_topics labels`
reads it.
"""
import concurrent.futures
import gzip
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def texts(shared, row):
    def read(name):
        with gzip.open(os.path.join(shared, name), 'rt', errors='replace', newline='') as file:
            return file.read()

    old, new = read(row['old']), read(row['new'])
    if 'lines' in row:
        a, b, c, d = row['lines']
        before, after = old.split('\n'), new.split('\n')
        new = '\n'.join(before[:a] + after[c:d] + before[b:])
    return old, new


def write(folder, shared, at, row):
    names = [os.path.join(folder, f'{at:04}.{side}.md') for side in ('old', 'new')]
    for name, text in zip(names, texts(shared, row)):
        with open(name, 'w', newline='') as file:
            file.write(text)
    return names


def judged(binary, shared, folder, at, row):
    names = write(folder, shared, at, row)
    out = subprocess.run([binary, 'compare', *names, '--json'], capture_output=True, text=True)
    for name in names:
        os.remove(name)
    if not out.stdout.strip():
        sys.exit(f'line {at + 1} of stretches.jsonl could not be judged: {out.stderr.strip()}')
    said = json.loads(out.stdout)
    return said.get('materiality') == 'material', set(said.get('practices') or [])


def figures(rows, said):
    count = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    both = named = wanted = 0
    for row, (material, practices) in zip(rows, said):
        count[row['material'], material] += 1
        if row['material'] and material:
            both += len(practices & set(row['practices']))
            named += len(practices)
            wanted += len(row['practices'])
    right, missed, false = count[True, True], count[True, False], count[False, True]
    return {
        'changes': len(rows),
        'precision': round(right / max(1, right + false), 4),
        'recall': round(right / max(1, right + missed), 4),
        'practices_f1': round(2 * both / max(1, named + wanted), 4),
    }


def main():
    shared, what, where = sys.argv[1:]
    with open(os.path.join(HERE, '..', 'tests', 'train', 'stretches.jsonl')) as file:
        rows = [json.loads(line) for line in file]
    if what == '--texts':
        os.makedirs(where, exist_ok=True)
        with open(os.path.join(where, 'labels.jsonl'), 'w') as file:
            for at, row in enumerate(rows):
                old, new = map(os.path.basename, write(where, shared, at, row))
                file.write(json.dumps({**row, 'old_text': old, 'new_text': new}) + '\n')
        return
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = list(pool.map(lambda at: judged(what, shared, folder, at, rows[at]), range(len(rows))))
    parts = {'stretches': True, 'whole': False}
    found = {'all': figures(rows, said)}
    for name, part in parts.items():
        mine = [at for at, row in enumerate(rows) if ('lines' in row) == part]
        found[name] = figures([rows[at] for at in mine], [said[at] for at in mine])
    for name, told in found.items():
        print(f'{name}: {told}')
    with open(where, 'w') as file:
        json.dump(found, file, indent=1)


main()
