"""The options and the help of every command.  What a command needs is imported when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nslab import __version__
from nslab.cli.number import number

app = typer.Typer(
    name="nslab",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help: the examples keep their lines.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

LabOption = Annotated[
    str | None,
    typer.Option("--lab", metavar="LAB", help="Which lab, by name or process id, if several run."),
]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nslab {__version__}")
        raise typer.Exit


@app.callback()
def _nslab(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it and exit.")
    ] = False,
) -> None:
    """Linux network namespaces in a notebook: run the commands, see what each one does.

    \b
    nslab doctor          can a lab run on this machine? if not, why, and what to do
    nslab lab             open the lessons in JupyterLab
    nslab enter ns1       a terminal in a namespace of the running lab
    nslab end             end labs that were left open
    nslab show            the running lab, drawn in text
    nslab why ns1 8.8.8.8 can a namespace reach an address, and if not, why?
    nslab progress        which exercises you have passed, and what is next
    nslab grade           mark the notebooks of a class
    nslab new             make a lesson of your own; check-notebooks, update-notebooks
    nslab vm              the virtual machine for labs that this kernel cannot run

    Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted.
    """


@app.command()
def doctor(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    whole: Annotated[
        bool, typer.Option("--all", help="A line also for each check that found nothing wrong.")
    ] = False,
) -> None:
    """Say whether a lab can run here, and if not, what to do.

    Really makes a private host in a process of its own, and says which step was refused by what.
    Exits with 0 if a lab can run here, with 1 if not.

    \b
    nslab doctor
    nslab doctor --all
    nslab doctor --json | jq .verdict
    """
    from nslab.cli import doctor as report

    _no_rest(ctx)
    raise typer.Exit(report.run(as_json, whole))


@app.command()
def lab(
    ctx: typer.Context,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Work on a copy of the lessons in DIR."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            parser=number(int, 1, 65535),
            metavar="PORT",
            help="JupyterLab's port; default: the first free from 8888.",
        ),
    ] = None,
    browser: Annotated[
        bool, typer.Option(help="Open a browser, or only print the address.")
    ] = True,
    executed: Annotated[
        bool, typer.Option("--executed", help="With all outputs, to be read; not to be guessed.")
    ] = False,
) -> None:
    """Open the lessons in JupyterLab.

    You work on a copy of your own, without outputs: in nslab-notebooks, in the checkout or where
    you are.  It never overwrites what is there: your work stays.  --executed opens the lessons with
    their outputs: in a checkout the lessons themselves, else a copy in nslab-notebooks-executed.
    They are trusted first, so that their pictures show.

    \b
    nslab lab
    nslab lab --executed
    nslab lab --no-browser --port 9000
    nslab lab --dir ~/lessons -- --ServerApp.ip=0.0.0.0     (what follows -- goes to JupyterLab)
    """
    from nslab.cli import notebooks

    notebooks.open_lab(directory, port=port, browser=browser, rest=ctx.obj, executed=executed)


@app.command(hidden=True)
def agent(lab: Annotated[str, typer.Option("--lab")]) -> None:
    """What ssh starts on another machine: a lab's agent, which speaks on 0 and 1."""
    import os

    from nslab.engine.local import MODULE

    os.execv(sys.executable, [sys.executable, "-P", "-m", MODULE, "--lab", lab])


@app.command()
def enter(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A namespace; default: the host.")
    ] = None,
    lab: LabOption = None,
    here: Annotated[bool, typer.Option("--here", hidden=True)] = False,
) -> None:
    """Open a terminal in a running lab, or run a command there.

    What is done there shows in the notebook's next picture.  The terminal ends with the lab;
    when Undo makes the lab anew, it begins anew in it.  Exits with the exit code of what was run.

    \b
    nslab enter                      the host of the only running lab
    nslab enter ns1                  the namespace ns1, of the only lab that has one
    nslab enter ns1 -- ip address    one command
    nslab enter --lab homework       of several labs, that one
    """
    from nslab.cli.pick import Terminal, pick
    from nslab.engine import labs

    inside = None if name == "host" else name
    words = ["enter", name] if name else []
    running = pick(lab, "enter", here=here, words=words, program=ctx.obj or (), ns=inside)
    if ctx.obj or not sys.stdin.isatty():
        raise typer.Exit(labs.enter(running, inside, ctx.obj))
    raise typer.Exit(Terminal(running, inside).show())


@app.command()
def end(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[LAB]...", help="Names, or process ids.")
    ] = None,
    older: Annotated[
        float | None,
        typer.Option(
            parser=number(float, 0),
            metavar="HOURS",
            help="All of yours that are older than this; 0.5 is half an hour.",
        ),
    ] = None,
) -> None:
    """End running labs, with all that runs in them.

    A lab ends by itself with lab.close(), or with the kernel of its notebook; this ends those of
    notebooks that were left open.  What was done in them is lost; their steps are kept in the
    notebook, whose next step says that the lab has ended.  Of several, nslab end says which there
    are and how old they are, the newest first.

    \b
    nslab end homework
    nslab end --older 2      those that were started more than two hours ago
    """
    from nslab.cli import end as ending

    _no_rest(ctx)
    raise typer.Exit(ending.run(names or [], older))


@app.command()
def show(
    ctx: typer.Context,
    lab: LabOption = None,
    machine: Annotated[
        bool, typer.Option("--machine", help="This machine itself, not a lab.  Changes nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything seen, for programs.")] = False,
    as_dot: Annotated[bool, typer.Option("--dot", help="Graphviz source.")] = False,
    as_message: Annotated[bool, typer.Option("--message", hidden=True)] = False,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it into FILE; - is standard output.")
    ] = None,
) -> None:
    """Show a running lab, or this machine's own network.

    It is what the kernel reports now, drawn in text, or in the form that is asked for.

    \b
    nslab show
    nslab show --svg lab.svg
    nslab show --machine             links, NAT and packet filters of this machine
    sudo nslab show --machine        with what only root may see
    """
    _no_rest(ctx)
    if as_json + as_dot + (svg is not None) > 1:
        raise typer.BadParameter("choose one of --json, --dot and --svg")
    if machine and lab:
        raise typer.BadParameter("--machine is no lab: leave --lab out")
    from nslab.cli import show as showing

    flags = {"--json": as_json, "--dot": as_dot, "--message": as_message}
    words = [flag for flag, given in flags.items() if given] + (["--svg", str(svg)] if svg else [])
    words.insert(0, "show")
    snapshot = showing.machine() if machine else showing.running(lab, here=as_message, words=words)
    if as_message:
        import msgspec

        sys.stdout.buffer.write(msgspec.msgpack.encode(snapshot))
        return
    form = "json" if as_json else "dot" if as_dot else "svg" if svg else "text"
    showing.write(snapshot, form, svg)


@app.command()
def why(
    ctx: typer.Context,
    ns: Annotated[str, typer.Argument(metavar="NS", help="From which namespace; host is one.")],
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="An address, ADDRESS:PORT or a name.")
    ],
    lab: LabOption = None,
    machine: Annotated[
        bool, typer.Option("--machine", help="This machine itself, not a lab.  Changes nothing.")
    ] = False,
) -> None:
    """Say whether a namespace can reach an address, and if not, why.

    It is explained from what the kernel reports now: no packet is sent.  In a notebook,
    lab.why("ns1", "8.8.8.8") also sends packets and watches them.
    Exits with 0 for yes, with 1 for no, with 2 if it cannot be decided or asked.

    \b
    nslab why ns1 203.0.113.80
    nslab why ns1 192.168.10.1:80 --lab homework
    nslab why host 8.8.8.8 --machine
    """
    _no_rest(ctx)
    if machine and lab:
        raise typer.BadParameter("--machine is no lab: leave --lab out")
    from nslab.cli import why as asking

    raise typer.Exit(asking.run(ns, target, lab, machine=machine))


@app.command()
def progress(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Everything kept, for programs.")] = False,
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the map into FILE.")
    ] = None,
) -> None:
    """Show which exercises you have passed, and what is next.

    It is kept in one file that is yours: ~/.local/share/nslab/progress.json, on a hub beside the
    notebooks.  NSLAB_PROGRESS names another; if it is set and empty, nothing is kept.

    \b
    nslab progress
    nslab progress --json
    nslab progress --html progress.html
    """
    from nslab.cli import progress as showing

    _no_rest(ctx)
    if as_json and page:
        raise typer.BadParameter("choose one of --json and --html")
    showing.run(as_json=as_json, page=page)


@app.command()
def grade(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Notebooks, scripts, or their folders.")
    ],
    table: Annotated[Path, typer.Option("--csv", metavar="FILE", help="Where the marks go.")],
    seconds: Annotated[
        float,
        typer.Option(
            "--time",
            parser=number(float, 1),
            metavar="SECONDS",
            help="Seconds that one exercise may take, once its lab is there.",
        ),
    ] = 60.0,
    memory: Annotated[
        int,
        typer.Option(
            "--memory",
            parser=number(int, 256),
            metavar="MIB",
            help="MiB of memory that one exercise may take.",
        ),
    ] = 1024,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs",
            parser=number(int, 0),
            metavar="N",
            help="How many at once; 0: one for each processor.",
        ),
    ] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a table that is there.")
    ] = False,
) -> None:
    """Mark what learners handed in: whether the kernel says that each exercise's goal is met.

    Each exercise's cells are run again in a fresh lab, in a box without your files, without a
    network, and with limits: a submission may contain anything.  A file is the learner's whose
    folder it is in, or after whom it is called (02-bridge_ada.ipynb).  A run that was stopped goes
    on where it was.  Exits with 1 if a file could not be read.

    \b
    nslab grade submissions/ --csv marks.csv
    nslab grade ada/02-bridge.ipynb bob/02-bridge.ipynb --csv marks.csv --time 30
    """
    from nslab.cli import grade as marking

    _no_rest(ctx)
    raise typer.Exit(
        marking.run(files, table, seconds=seconds, memory=memory, jobs=jobs, overwrite=overwrite)
    )


@app.command()
def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The lesson's, such as 01-office.")],
    directory: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="The course's folder.")
    ] = Path(),
    title: Annotated[str | None, typer.Option(help="The lesson's title.")] = None,
) -> None:
    """Make a lesson of your own: its data, its notebook, an exercise, a test; all to be changed.

    The folder becomes a small Python package that depends on nslab, if it is none yet.  What is
    there stays as it is.

    \b
    nslab new 01-office
    nslab new 01-office --dir ~/my-course --title "A switch for the office"
    """
    from nslab.course import template

    _no_rest(ctx)
    made, kept = template.make(name, directory, title)
    for path in made:
        print(f"made  {path}")
    for path in kept:
        print(f"kept  {path}")
    if kept:
        print(f"→ name the new lesson in {directory / 'pyproject.toml'}, as the first one is")
    print(f"→ python3 -m pip install -e '{directory}[test]'")
    print(f"→ nslab update-notebooks {directory / 'notebooks'}    runs them, saves their outputs")
    print(f"→ nslab check-notebooks {directory / 'notebooks'}     says whether all is true")


CellTime = Annotated[float, typer.Option("--time", min=1, help="Seconds that one cell may take.")]


@app.command("check-notebooks")
def check_notebooks(
    ctx: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Notebooks, or folders of them.")
    ],
    exercises: Annotated[bool, typer.Option(help="Prove the exercises as well.")] = True,
    whole: Annotated[
        bool, typer.Option("--all", help="All that was found, not the first three of each.")
    ] = False,
    seconds: CellTime = 120.0,
) -> None:
    """Say whether a course is true: run every cell, compare the outputs, prove the exercises.

    Outputs are compared by nbval; MAC addresses, process ids and times may differ.  Links,
    steps and answer cells are looked at.  Of each exercise, every right way is taken and every
    wrong answer refused for its reason, and no check is idle.  `pytest --nslab PATH` does the same.
    Exits with 1 if anything is wrong.

    \b
    nslab check-notebooks notebooks/
    nslab check-notebooks notebooks/ --no-exercises
    """
    from nslab.cli import course

    _no_rest(ctx)
    raise typer.Exit(course.check(paths, exercises=exercises, whole=whole, seconds=seconds))


@app.command("update-notebooks")
def update_notebooks(
    ctx: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Notebooks, or folders of them.")
    ],
    seconds: CellTime = 120.0,
) -> None:
    """Run notebooks again, save what came out, and show what changed.

    A notebook of which a cell fails stays as it is.

    \b
    nslab update-notebooks notebooks/
    """
    from nslab.cli import course

    _no_rest(ctx)
    raise typer.Exit(course.update(paths, seconds=seconds))


vm = typer.Typer(
    name="vm",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The virtual machine that labs can run in: no root, no user namespace, a full kernel.",
)
app.add_typer(vm)


@vm.command()
def build(
    update: Annotated[
        bool, typer.Option("--update", help="With the newest packages, even if there is one.")
    ] = False,
) -> None:
    """Make the image, start it once, and save the state that labs wake from.

    Of Debian's packages, by any user, into ~/.cache/nslab (NSLAB_CACHE names another place).
    Takes QEMU (qemu-system-x86) and erofs-utils, some 90 MB of downloads and 350 MB of disk.

    \b
    nslab vm build
    nslab vm build --update
    """
    from nslab.cli import vm as machine

    machine.build(update)


@vm.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say what there is, and whether a lab can start at once; exits with 1 if not."""
    from nslab.cli import vm as machine

    raise typer.Exit(not machine.status(as_json))


@vm.command()
def clean(
    downloads: Annotated[
        bool, typer.Option("--downloads", help="Also the downloaded packages.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Everything, including the current image.")
    ] = False,
) -> None:
    """Remove images and states that this nslab does not use."""
    from nslab.cli import vm as machine

    machine.clean(downloads, everything)


def _no_rest(ctx: typer.Context) -> None:
    if ctx.obj:
        print(f"nslab: not understood: {' '.join(ctx.obj)}", file=sys.stderr)
        raise typer.Exit(2)
