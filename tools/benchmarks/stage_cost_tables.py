"""Markdown tables of what ``stage_costs.py`` measured.

``costs`` are its figures by stage, seconds an image, see ``run_case`` there.
"""

import work_counter

HOST = ('data', 'write')  # parts without a floor


def cost_table(costs: dict[str, dict]) -> str:
    """Markdown table of the unit costs."""
    lines = [
        '| stage | ms an image | shares | peak MiB |',
        '|---|---:|---|---:|',
    ]
    for stage, row in costs.items():
        total = sum(row['parts'].values())
        shares = ', '.join(
            f'{name} {100 * value / total:.0f} %'
            for name, value in row['parts'].items()
        )
        lines.append(
            f'| {stage} | {1000 * total:.1f} | {shares} '
            f'| {row["peak_mib"]:.0f} |'
        )
    return '\n'.join(lines)


def floor_table(costs: dict[str, dict]) -> str:
    """Markdown table of each stage's floors and of its time."""
    lines = [
        '| stage | GFLOP | floor, ms: products | all operations | measured '
        '| times the floor | of the time |',
        '|---|---:|---:|---:|---:|---:|---|',
    ]
    for stage, row in costs.items():
        floors, total = row['floors'], sum(row['parts'].values())
        products = floors.get(work_counter.PRODUCTS, 0.0)
        ratio = f'{total / products:.1f}' if products else '-'
        lines.append(
            f'| {stage} | {row["gflop"]:.1f} | {1000 * products:.1f} '
            f'| {1000 * sum(floors.values()):.1f} | {1000 * total:.1f} '
            f'| {ratio} | {_shares(row)} |'
        )
    return '\n'.join(lines)


def _shares(row: dict) -> str:
    """Of a stage's time, by kind of operation and part, the largest first."""
    parts = row['parts']
    host = {name: parts[name] for name in HOST if name in parts}
    device = sum(parts.values()) - sum(host.values())
    # The profiler slows what it watches: it says the shares only.
    watched = sum(row['profile'].values()) or 1.0
    kinds = {k: v / watched * device for k, v in row['profile'].items()}
    shares = {
        name: round(100 * seconds / sum(parts.values()))
        for name, seconds in {**kinds, **host}.items()
    }
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return ', '.join(f'{name} {share} %' for name, share in ordered if share)


def hours_table(hours: dict[str, dict]) -> str:
    """Markdown table of the hours."""
    stages = list(next(iter(hours.values())))
    lines = [
        '| hours | ' + ' | '.join(stages) + ' |',
        '|---|' + '---:|' * len(stages),
    ]
    for name, row in hours.items():
        cells = ' | '.join(f'{row[stage]:.3g}' for stage in stages)
        lines.append(f'| {name} | {cells} |')
    return '\n'.join(lines)
