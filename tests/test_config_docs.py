"""READMEs and metafiles beside the configs say what is there, and no more."""

import re
from pathlib import Path

import pytest
import yaml
from mmengine.config import Config

from projects.amr.evaluation.published_results import published
from projects.amr.workflow.ablation.spec import read_tables

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / 'configs'
LEAVES = sorted(
    path for path in CONFIGS.rglob('*.py') if '_base_' not in path.parts
)
READMES = sorted(CONFIGS.rglob('README.md'))
METAFILES = sorted(CONFIGS.rglob('metafile.yml'))
LINK = re.compile(r'\[([^\]]*)\]\((?!https?:)([^)\s]+)\)')
NAMED = re.compile(r'`([a-z0-9]+_w?rn?\d+_[\w.-]+?)(?:\.py)?`')
STATES = {'published', 'measured', 'not run'}


def name(path: Path) -> str:
    return str(path.relative_to(CONFIGS))


def models(path: Path) -> list[dict]:
    return yaml.safe_load(path.read_text(encoding='utf-8'))['Models']


@pytest.mark.parametrize('path', LEAVES, ids=name)
def test_readme_of_its_folder_names_the_config(path):
    readme = path.parent / 'README.md'
    assert readme.is_file(), f'{path.parent} has configs and no README.md'
    assert f'`{path.stem}`' in readme.read_text(encoding='utf-8'), (
        f'add a row for `{path.stem}` to {readme}: what it is, its paper '
        'table, the published value and whether it was run'
    )


@pytest.mark.parametrize('path', READMES, ids=name)
def test_everything_a_readme_links_to_exists(path):
    links = LINK.findall(path.read_text(encoding='utf-8'))
    assert links
    for text, target in links:
        target, _, anchor = target.partition('#')
        file = path.parent / target if target else path
        assert file.exists(), target
        if anchor:
            heads = re.findall(r'^#+ (.*)$', file.read_text(), re.M)
            known = {re.sub(r'\W+', '-', x.lower()).strip('-') for x in heads}
            assert anchor in known, anchor
        if target.endswith('.py'):
            file = Path(target)
            assert Path(text.strip('`')).name in (file.stem, file.name)


@pytest.mark.parametrize('path', READMES, ids=name)
def test_configs_and_runs_named_without_a_link_exist_too(path):
    stems = {leaf.stem for leaf in LEAVES}
    for file in CONFIGS.rglob('tables.py'):
        for table in read_tables(file).tables.values():
            stems |= {row.experiment.stem for row in table.rows}
    named = NAMED.findall(path.read_text(encoding='utf-8'))
    assert set(named) <= stems


def test_metafiles_are_where_models_are():
    folders = {path.parent.name for path in METAFILES}
    assert folders == {'configs'}


@pytest.mark.parametrize('path', METAFILES, ids=name)
def test_metafile_has_openmmlabs_form(path):
    content = yaml.safe_load(path.read_text(encoding='utf-8'))
    collections = {entry['Name']: entry for entry in content['Collections']}
    for entry in collections.values():
        assert (ROOT / entry['README']).is_file()
        assert entry['Paper']['URL'].startswith('https://arxiv.org/abs/')
    names = [model['Name'] for model in content['Models']]
    assert len(names) == len(set(names)) > 5
    for model in content['Models']:
        config = ROOT / model['Config']
        assert config.is_file(), model['Config']
        assert config.stem == model['Name']
        assert config.parent == path.parent
        assert model['In Collection'] in collections
        status = model['Metadata']['Status']
        assert status in STATES
        assert bool(model.get('Results')) == (status != 'not run')
        for result in model.get('Results', ()):
            assert result['Task'] == 'Semantic Segmentation'
            assert ('Source' in result) == (status == 'published')
            assert all(0 < v < 100 for v in result['Metrics'].values())
            if source := result.get('Source'):
                place = (source['Metric'], source['Method'])
                records = published(*place, source.get('Table'))
                values = [record.value for record in records]
                assert result['Metrics']['mIoU'] in values, model['Name']


def test_batch_sizes_are_those_of_the_configs():
    for path in METAFILES:
        for model in models(path):
            cfg = Config.fromfile(ROOT / model['Config'])
            size = cfg.train_dataloader.batch_size
            assert model['Metadata']['Batch Size'] == size, model['Name']
