"""`./vidgen` itself: the real script and the real pip, in a small stand-in checkout whose packages lie on this disk."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from vidgen_pipeline_tests.plain_user import read_only, without_roots_rights

PROJECT = Path(__file__).parent.parent
PYTHON = os.path.realpath(sys.executable)

PYPROJECT = """
[build-system]
requires = []
build-backend = "standin_backend"
backend-path = ["."]

[project]
name = "standin"
version = "1.0"
"""

PROGRAM = """
import json, os, sys
from importlib.metadata import distributions

def main():
    names = ("parrot", "finch")
    birds = {d.name: d.version for d in distributions() if d.name in names}
    print(json.dumps({"cwd": os.getcwd(), "arguments": sys.argv[1:], "birds": birds, "prefix": sys.prefix,
                      "stdin": sys.stdin.read(), "python_path": os.environ.get("PYTHONPATH"),
                      "open_files": os.listdir("/dev/fd")}))
    return 3 if "--fail" in sys.argv else 0
"""

BACKEND = """
import zipfile
from pathlib import Path

def build_editable(folder, config_settings=None, metadata_directory=None):
    name, info = "standin-1.0-py3-none-any.whl", "standin-1.0.dist-info/"
    with zipfile.ZipFile(Path(folder) / name, "w") as wheel:
        wheel.writestr("standin.pth", str(Path.cwd()))
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: standin\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\\nvidgen = standin:main\\n")
        wheel.writestr(info + "RECORD", "")
    return name

build_wheel = build_editable
"""


def _wheel(folder: Path, name: str, version: str) -> str:
    """Make a package in `folder`; returns its line of a lock."""
    path, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info/"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(info + "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(info + "RECORD", "")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def _script(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def _debians_python(path: Path, *, with_pip: bool) -> str:
    """A Python as Debian has it without python3-venv: it can make an environment, but put no pip into it."""
    has_pip = subprocess.run([PYTHON, "-c", "import pip"], check=False, capture_output=True).returncode == 0
    no_pip = "" if with_pip else "*'import pip'*) exit 1 ;;\n"
    return _script(
        path,
        "#!/bin/sh\n"
        f'case $* in\n*ensurepip*) exit 1 ;;\n{no_pip}*realpath*) echo "$0"; exit ;;\nesac\n'
        f'exec "{PYTHON if has_pip else sys.executable}" "$@"\n',
    )


@dataclass
class Checkout:
    """A stand-in checkout, and how it is called."""

    folder: Path
    home: Path
    environment: dict[str, str]
    lines: dict[str, str] = field(default_factory=dict)

    @property
    def venv(self) -> Path:
        return self.folder / ".venv"

    def lock(self, *birds: str, dev: bool = False) -> None:
        name = "requirements-dev.lock" if dev else "requirements.lock"
        (self.folder / name).write_text("".join(self.lines[bird] for bird in birds))

    def start(self, *arguments: str, script: Path | None = None, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [script or self.folder / "vidgen", *arguments],
            env=self.environment | options.pop("env", {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def call(self, *arguments: str, stdin: str = "", **options: Any) -> Result:
        process = self.start(*arguments, **options)
        output, errors = process.communicate(stdin, timeout=120)
        return Result(process.returncode, output, errors)


@dataclass(frozen=True)
class Result:
    status: int
    output: str
    errors: str

    @property
    def answer(self) -> dict[str, Any]:
        assert self.status == 0, self.errors
        answer: dict[str, Any] = json.loads(self.output)
        return answer

    def refusal(self) -> str:
        """The one sentence of a set-up that failed."""
        assert self.status == 1
        assert self.output == ""
        assert "Traceback" not in self.errors
        last = self.errors.splitlines()[-1]
        assert last.startswith("vidgen: ")
        return last


NewCheckout = Callable[[Path], Checkout]


@pytest.fixture(scope="module")
def new_checkout(tmp_path_factory: pytest.TempPathFactory) -> NewCheckout:
    wheels = tmp_path_factory.mktemp("wheels")
    birds = (("parrot", "1.0"), ("parrot", "2.0"), ("finch", "1.0"))
    lines = {f"{name} {version}": _wheel(wheels, name, version) for name, version in birds}

    def make(parent: Path) -> Checkout:
        folder, home = parent / "a check-out [1]", parent / "home"
        folder.mkdir()
        home.mkdir()
        shutil.copy(PROJECT / "vidgen", folder)
        (folder / "pyproject.toml").write_text(PYPROJECT)
        (folder / "standin_backend.py").write_text(BACKEND)
        (folder / "standin.py").write_text(PROGRAM)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "VIDGEN_PYTHON": PYTHON,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
        }
        checkout = Checkout(folder, home, environment, lines)
        checkout.lock("parrot 1.0")
        checkout.lock("parrot 1.0", "finch 1.0", dev=True)
        return checkout

    return make


@pytest.fixture(scope="module")
def first_call(new_checkout: NewCheckout, tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, list[Result]]:
    """A checkout that two first calls at once have set up, and what they said."""
    checkout = new_checkout(tmp_path_factory.mktemp("first"))
    elsewhere = checkout.home
    for module in ("fcntl", "os", "pip", "signal", "venv"):
        (elsewhere / f"{module}.py").write_text("raise SystemExit('a file of the folder it was called in was run')")
    (elsewhere / "bin").mkdir()
    (elsewhere / "bin/vidgen").symlink_to("../link")
    (elsewhere / "link").symlink_to(checkout.folder / "vidgen")
    calls = [
        checkout.start("make", "story one.txt", script=elsewhere / "bin/vidgen", cwd=elsewhere),
        checkout.start("make", "--json", cwd=elsewhere),
    ]
    results = []
    for call in calls:
        output, errors = call.communicate("Bees.", timeout=120)
        results.append(Result(call.returncode, output, errors))
    return checkout, results


@pytest.fixture
def ready(first_call: tuple[Checkout, list[Result]]) -> Iterator[Checkout]:
    checkout, _ = first_call
    yield checkout
    checkout.lock("parrot 1.0")
    checkout.lock("parrot 1.0", "finch 1.0", dev=True)


@pytest.fixture
def checkout(new_checkout: NewCheckout, tmp_path: Path) -> Checkout:
    """A checkout that nobody has called yet. Its Python makes environments without pip, which is quick."""
    checkout = new_checkout(tmp_path)
    checkout.environment["VIDGEN_PYTHON"] = _debians_python(checkout.home / "python3.11", with_pip=True)
    return checkout


def test_two_first_calls_at_once_make_one_environment_and_both_run(first_call: tuple[Checkout, list[Result]]):
    checkout, results = first_call
    waiting, working = sorted((result.errors for result in results), key=len)
    assert "setting up, this once" in working
    assert waiting in {"", "vidgen: another call is setting up; waiting for it.\n"}
    for result in results:
        assert result.answer["birds"] == {"parrot": "1.0"}
        assert result.answer["prefix"] == str(checkout.venv)
        assert "9" not in result.answer["open_files"], "what the program starts would keep the lock"


def test_arguments_folder_and_standard_input_reach_the_program_even_on_the_first_call(
    first_call: tuple[Checkout, list[Result]],
):
    checkout, results = first_call
    assert [result.answer["arguments"] for result in results] == [["make", "story one.txt"], ["make", "--json"]]
    assert {result.answer["cwd"] for result in results} == {str(checkout.home)}
    assert {result.answer["stdin"] for result in results} == {"Bees."}


def test_the_set_up_says_each_stage_on_stderr_and_nothing_else(first_call: tuple[Checkout, list[Result]]):
    checkout, results = first_call
    told = next(result.errors for result in results if "setting up, this once" in result.errors)
    assert told.splitlines() == [
        f"vidgen: setting up, this once: a minute or two, and about 1 GB in {checkout.venv} ({PYTHON}).",
        "vidgen: installing requirements.lock.",
        "vidgen: installing vidgen itself.",
        "vidgen: ready.",
    ]


def test_a_later_call_is_silent_and_gives_back_the_programs_own_exit_code(ready: Checkout):
    ready.call()
    result = ready.call("--fail", env={"PYTHONPATH": "/of/another/project"})
    assert (result.status, result.errors) == (3, "")
    assert json.loads(result.output)["python_path"] is None


def test_a_changed_lock_is_installed_again(ready: Checkout):
    kept = ready.venv / "kept"
    kept.touch()
    ready.lock("parrot 2.0")
    changed = ready.call()
    assert changed.answer["birds"]["parrot"] == "2.0"
    assert f"vidgen: bringing {ready.venv} up to date.\n" in changed.errors
    assert kept.exists(), "what changed is installed into the environment that is there"
    assert ready.call().errors == ""


def test_the_test_command_alone_installs_the_developers_lock(ready: Checkout):
    ready.lock("parrot 2.0")
    assert "finch" not in ready.call("make").answer["birds"]
    ready.lock("parrot 2.0", "finch 1.0", dev=True)
    assert ready.call("test", "-k", "bird").answer["birds"] == {"parrot": "2.0", "finch": "1.0"}
    assert ready.call("test").errors == ""
    assert ready.call("make").errors == ""


def _kill_half_way(checkout: Checkout) -> None:
    call = checkout.start(start_new_session=True)
    assert call.stderr
    for line in call.stderr:
        if "installing requirements.lock" in line:
            os.killpg(call.pid, signal.SIGKILL)
    call.communicate()
    assert call.returncode == -signal.SIGKILL


def test_a_set_up_or_an_update_that_was_killed_half_way_is_begun_anew(checkout: Checkout):
    for version in ("1.0", "2.0"):
        checkout.lock(f"parrot {version}")
        _kill_half_way(checkout)
        left_over = checkout.venv / "left over"
        left_over.touch()

        result = checkout.call()
        assert result.answer["birds"] == {"parrot": version}
        assert "setting up, this once" in result.errors
        assert not left_over.exists()


def test_in_a_checkout_that_cannot_be_written_the_environment_is_the_callers_own(checkout: Checkout):
    with read_only(checkout.folder):
        result = checkout.call(preexec_fn=without_roots_rights)
        again = checkout.call(preexec_fn=without_roots_rights)
    assert result.answer["prefix"] == str(checkout.home / ".local/share/vidgen_pipeline/venv")
    assert not checkout.venv.exists()
    assert again.errors == ""


def test_an_environment_that_is_ready_is_used_though_it_cannot_be_written(ready: Checkout, tmp_path: Path):
    ready.call()
    with read_only(ready.folder):
        result = ready.call(preexec_fn=without_roots_rights, env={"HOME": str(tmp_path)})
    assert result.answer["prefix"] == str(ready.venv)
    assert (result.errors, list(tmp_path.iterdir())) == ("", [])


def _only_these_programs(folder: Path) -> str:
    """A PATH with what the script calls, and no Python."""
    folder.mkdir()
    for name in ("sh", "cat", "cksum", "grep", "mkdir", "mv", "rm", "tail", "touch"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return str(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("sys.version_info = (3, 14, 0)", "is Python 3.14"),
        ("sys.version_info = (3, 10, 13)", "is Python 3.10"),
        ("sys.platform = 'linux'; os.confstr = lambda name: int(name)", "runs on musl (Alpine Linux)"),
        ("sys.platform = 'linux'; os.confstr = lambda name: 'glibc 2.17'", "runs on glibc 2.17"),
        ("sys.platform = 'win32'", "runs on win32"),
    ],
)
def test_a_python_that_does_not_fit_is_named_with_those_that_do(checkout: Checkout, change: str, reason: str):
    programs = _only_these_programs(checkout.home / "bin")
    pretence = checkout.home / "pretence.py"
    pretence.write_text(f"import os, sys\n{change}\nexec(sys.argv[3])\n")
    _script(checkout.home / "bin/python3", f'#!/bin/sh\nexec "{PYTHON}" "{pretence}" "$@"\n')

    refusal = checkout.call(env={"PATH": programs, "VIDGEN_PYTHON": ""}).refusal()
    assert f"no Python that fits was found. python3 {reason}, which is not supported. It takes" in refusal
    assert "It takes Python 3.11, 3.12 or 3.13, on macOS or on Linux with glibc 2.28 or newer." in refusal


def test_without_any_python_it_says_what_to_install(checkout: Checkout):
    programs = _only_these_programs(checkout.home / "bin")
    refusal = checkout.call(env={"PATH": programs, "VIDGEN_PYTHON": ""}).refusal()
    assert "no Python that fits was found. There is no python3. It takes Python 3.11, 3.12 or 3.13" in refusal


def test_where_environments_get_no_pip_the_pip_beside_python_does_it(checkout: Checkout):
    assert checkout.call().answer["birds"] == {"parrot": "1.0"}
    assert not (checkout.venv / "bin/pip").exists()


def test_where_there_is_no_pip_at_all_it_names_debians_package(checkout: Checkout):
    python = _debians_python(checkout.home / "python3.11", with_pip=False)
    assert "apt install python3.11-venv" in checkout.call(env={"VIDGEN_PYTHON": python}).refusal()


def test_an_unreachable_index_is_told_plainly(checkout: Checkout):
    nobody_there = {
        "PIP_NO_INDEX": "0",
        "PIP_INDEX_URL": "http://127.0.0.1:1/",
        "PIP_FIND_LINKS": "",
        "PIP_RETRIES": "1",
    }
    assert "the package index can't be reached" in checkout.call(env=nobody_there).refusal()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("parrot==1.0 --hash=sha256:" + "0" * 64, "a package that came is not the one the lock names"),
        ("parrot==1.0", "installing requirements.lock failed, for the reason above"),
    ],
)
def test_a_package_without_its_right_hash_is_not_installed(checkout: Checkout, line: str, reason: str):
    (checkout.folder / "requirements.lock").write_text(f"{line}\n")
    assert reason in checkout.call().refusal()
    assert not list(checkout.venv.glob("lib/*/site-packages/parrot*"))


def test_a_full_disk_is_told_plainly(checkout: Checkout):
    backend = checkout.folder / "standin_backend.py"
    backend.write_text(
        BACKEND.replace("    return name", "    import errno, os\n    raise OSError(28, os.strerror(28))")
    )
    refusal = checkout.call().refusal()
    assert f"no space is left for {checkout.venv}" in refusal


def test_half_a_checkout_is_refused(checkout: Checkout):
    (checkout.folder / "requirements.lock").unlink()
    assert f"{checkout.folder} is not a whole checkout of vidgen." in checkout.call().refusal()


def test_ci_runs_the_test_command_from_the_checkout_and_passes_its_status_on(tmp_path: Path):
    (tmp_path / ".ci").mkdir()
    shutil.copy(PROJECT / ".ci/run", tmp_path / ".ci")
    _script(tmp_path / "vidgen", '#!/bin/sh\necho "$PWD $*"\nexit 7\n')
    done = subprocess.run(["bash", tmp_path / ".ci/run"], check=False, cwd="/", capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (7, f"{tmp_path} test\n")
