#!/usr/bin/env python3
"""Runs the fuzz targets one after another and says what each of them did. `make fuzz` calls it.

    seeds ──► work/TARGET ──► libFuzzer, led by corpus/TARGET too ──► work/TARGET (what is new), work/found

Needs cargo and a C++ compiler, and nothing of nightly: coverage is instrumented by flags that stable rustc takes.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = HERE / "work"
CORPUS = HERE / "corpus"
FOUND = WORK / "found"
TARGETS = sorted(path.stem for path in (HERE / "fuzz_targets").glob("*.rs"))

#: what cargo-fuzz passes, without a sanitizer: core forbids unsafe code, and debug assertions are on (Cargo.toml)
COVERAGE = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg",
    "fuzzing",
]
#: an input that takes longer, or more memory, is a finding
SLOWEST_S = 10
MOST_MEMORY_MB = 2048
#: all that is kept in the repository
LARGEST_CORPUS = 1 << 20


@dataclass(frozen=True)
class Run:
    target: str
    executions: int
    coverage: int
    found: list[Path]


def main() -> int:
    arguments = parsed_arguments()
    complaint = what_is_missing()
    if complaint:
        print(complaint, file=sys.stderr)
        return 2
    binaries = build()
    runs = [fuzz(binaries, target, arguments.seconds) for target in arguments.targets or TARGETS]
    if arguments.keep:
        for target in arguments.targets or TARGETS:
            keep(binaries, target)
    for run in runs:
        print(f"{run.target:12} {run.executions:>12,} executions   coverage {run.coverage:>6,}   {verdict(run)}")
    return int(any(run.found for run in runs))


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; without any, all")
    parser.add_argument("--seconds", type=int, default=30, help="for each target")
    parser.add_argument("--keep", action="store_true", help="put the fewest inputs that reach everything into corpus/")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.targets) - set(TARGETS))
    if unknown:
        parser.error(f"no such target: {', '.join(unknown)}")
    return arguments


def what_is_missing() -> str:
    if not shutil.which("cargo"):
        return "make fuzz: cargo is missing. Install it from https://rustup.rs"
    compiler = os.environ.get("CXX", "c++")
    if not shutil.which(compiler):
        return (
            f"make fuzz: {compiler} is missing: libFuzzer is C++. Install g++ or clang (Debian: apt-get install g++),"
            " or name a compiler in CXX."
        )
    return ""


def build() -> Path:
    """The folder of the binaries. `--target` keeps the flags away from build scripts and macros."""
    triple = next(line for line in output("rustc", "-vV").splitlines() if line.startswith("host: "))[6:]
    common = ["cargo", "--quiet"]
    print("==> building the fuzz targets (the first time takes some minutes)", flush=True)
    environment = os.environ | {"RUSTFLAGS": " ".join(COVERAGE)}
    options = ["--release", "--features", "libfuzzer", "--bins", "--target", triple]
    subprocess.run([*common, "build", *options], cwd=HERE, env=environment, check=True)
    seeds = ["run", "--target-dir", str(HERE.parent / "target"), "--example", "seeds", "--", str(WORK)]
    subprocess.run([*common, *seeds], cwd=HERE, check=True)
    return HERE / "target" / triple / "release"


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def fuzz(binaries: Path, target: str, seconds: int) -> Run:
    print(f"==> {target}", flush=True)
    FOUND.mkdir(parents=True, exist_ok=True)
    before = set(FOUND.iterdir())
    command = [
        str(binaries / target),
        f"-max_total_time={seconds}",
        f"-timeout={SLOWEST_S}",
        f"-rss_limit_mb={MOST_MEMORY_MB}",
        f"-artifact_prefix={FOUND}/{target}-",
        "-print_final_stats=1",
        str(WORK / target),
        str(CORPUS / target),
    ]
    finished = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    log = finished.stdout.decode(errors="replace")
    found = sorted(set(FOUND.iterdir()) - before)
    (WORK / f"{target}.log").write_text(log)
    if finished.returncode != 0:
        print("\n".join(log.splitlines()[-40:]))
        found = found or [WORK / f"{target}.log"]
    return Run(target, last_number(r"number_of_executed_units: (\d+)", log), last_number(r"cov: (\d+)", log), found)


def last_number(pattern: str, log: str) -> int:
    numbers = re.findall(pattern, log)
    return int(numbers[-1]) if numbers else 0


def verdict(run: Run) -> str:
    if not run.found:
        return "clean"
    named = ", ".join(str(path.relative_to(HERE)) for path in run.found)
    return f"FOUND {named} (once mended, move it to corpus/{run.target}/: `cargo test` runs it from then on)"


def keep(binaries: Path, target: str) -> None:
    """Minimises what is in corpus and work into corpus. Inputs that were found by hand or by a failure stay."""
    merged = WORK / f"{target}.merged"
    shutil.rmtree(merged, ignore_errors=True)
    merged.mkdir()
    command = [str(binaries / target), "-set_cover_merge=1", str(merged), str(CORPUS / target), str(WORK / target)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    share = LARGEST_CORPUS // len(TARGETS)
    kept = CORPUS / target
    for path in kept.iterdir():
        if re.fullmatch(r"[0-9a-f]{40}", path.name):
            path.unlink()
    for path in sorted(merged.iterdir(), key=lambda path: path.stat().st_size):
        share -= path.stat().st_size
        if share < 0:
            break
        shutil.copyfile(path, kept / path.name)


if __name__ == "__main__":
    raise SystemExit(main())
