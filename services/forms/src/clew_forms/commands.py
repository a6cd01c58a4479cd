"""`clew forms import|export`. Next: clew_forms.form_files.import_forms."""

from pathlib import Path

from clew_shared.runtime.subparsers import Subparsers, later


def add_commands(commands: Subparsers) -> None:
    """Register `forms import FILE...` and `forms export [SLUG...] [--to DIR]`."""
    forms = commands.add_parser("forms", help="forms as files: import, export").add_subparsers(required=True)
    take = forms.add_parser("import", help="publish the forms in these files; the same again changes nothing")
    take.add_argument("file", nargs="+", type=Path)
    take.set_defaults(run=later("clew_forms.form_files:import_forms"))
    give = forms.add_parser("export", help="write forms as they are shown now")
    give.add_argument("slug", nargs="*", help="which ones; all when none is named")
    give.add_argument("--to", type=Path, help="a file SLUG.json for each in this folder, instead of standard output")
    give.set_defaults(run=later("clew_forms.form_files:export_forms"))
