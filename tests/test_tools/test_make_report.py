import json

from mmengine.config import Config
from report_samples import Page, make_outputs, make_summary

from projects.amr.workflow.report.report_data import make_report

TOOL = 'analysis_tools/make_report'


def test_page_is_made_again_from_the_summary(output_of, toy_root, tmp_path):
    summary = make_summary(make_outputs(toy_root, tmp_path))
    (tmp_path / 'summary.json').write_text(json.dumps(summary))
    (tmp_path / 'chain.py').write_text("name = 'my chain'\n")
    path = tmp_path / 'report.html'
    assert str(path) in output_of(TOOL, tmp_path, '--config', 'chain.py')
    made = path.read_text(encoding='utf-8')
    assert 'my chain' in Page(made).text
    config = Config.fromfile(tmp_path / 'chain.py')
    again = make_report(tmp_path, summary, config)
    assert again.read_text(encoding='utf-8') == made
