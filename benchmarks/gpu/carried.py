"""What a bare machine lacks, gathered in target/gpu-kit where there is a network."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

from parts import KIT, ROOT, carried_commit

SOURCES = ("nlohmann-json", "ros-gtest-vendor")
# For diffusers' rungs; pure Python, so that one file fits every machine.
WHEELS = ("diffusers==0.42.1", "torchao==0.18.0", "importlib-metadata==10.2.0")
# As jdeps names them for our jars; java.desktop (for ImageIO) is left out, nothing here draws with it.
MODULES = ("java.base", "java.logging", "jdk.jfr")
JNI = ("libjniallaprima.so", "liballaprimawait.so")  # they know no libtorch
NATIVES = "io/github/allaprima/internal/linux-x86_64"
MOST = 64 * 2**20


def size_of(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def tracked_size():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    names = listed.stdout.decode().split("\0")
    return sum((ROOT / name).stat().st_size for name in names if (ROOT / name).is_file())


def say(part, found):
    print(f"{part:28} {found}", flush=True)


def carry_sources():
    """What the build needs, from the cache of tools/fetch or the network."""
    command = [sys.executable, ROOT / "tools" / "fetch", *SOURCES]
    folders = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    for folder in map(pathlib.Path, folders):
        shutil.copytree(folder, KIT / folder.name, dirs_exist_ok=True)
        say(folder.name, f"{size_of(KIT / folder.name) / 1e6:.1f} MB")
    (KIT / "commit.txt").write_text(carried_commit() + "\n")


def carry_wheels():
    """Each that can be had as pure Python; without it its rungs say so and are left out."""
    target = KIT / "wheels"
    target.mkdir(parents=True, exist_ok=True)
    for wheel in WHEELS:
        name, _, version = wheel.partition("==")
        pattern = f"{name.replace('-', '_')}-{version}-*.whl"
        if not list(target.glob(pattern)):
            done = subprocess.run(
                [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
                 "--python-version=3.12", "--implementation=py", "--platform=any",
                 "--disable-pip-version-check", f"--dest={target}", wheel],
                stdout=sys.stderr,
            )  # fmt: skip
            if done.returncode:
                say(wheel, "no pure-Python wheel could be had: its rungs will be left out")
                continue
        file = next(target.glob(pattern))
        say(file.name, f"{file.stat().st_size / 1e6:.1f} MB")


def carry_java():
    """Our jars, the libraries of the binding, and a Java that runs them. Needs `mvn package`."""
    class_path = ROOT / "java/cli/target/classpath"
    if not class_path.exists():
        say("Java", "left out: build it first, mvn -DskipTests package")
        return
    target = KIT / "java"
    shutil.rmtree(target, ignore_errors=True)
    (target / "jars").mkdir(parents=True)
    jars = [pathlib.Path(name) for name in class_path.read_text().strip().split(":")]
    natives = next(jar for jar in jars if jar.name.startswith("allaprima-") and "linux" in jar.name)
    # libtorch is there, the core is built there, and the models are in the tree.
    left_out = ("pytorch-", "openblas-", "allaprima-model-", natives.name)
    for jar in jars:
        if not jar.name.startswith(left_out):
            shutil.copy(jar, target / "jars")
    with zipfile.ZipFile(natives) as archive:
        for name in JNI:
            archive.extract(f"{NATIVES}/{name}", target / "natives")
    compile_program(target / "jars")
    link_java(target)
    say("jars and JNI libraries", f"{(size_of(target / 'jars') + size_of(target / 'natives')) / 1e6:.1f} MB")


def compile_program(jars):
    """benchmarks' TimedGenerations, which needs our jar alone."""
    source = ROOT / "benchmarks/src/main/java/io/github/allaprima/benchmarks/TimedGenerations.java"
    paths = os.pathsep.join(map(str, jars.glob("*.jar")))
    subprocess.run(["javac", "-d", jars / "classes", "-cp", paths, source], check=True)


def link_java(target):
    """jlink's image, as tar.xz: a third of its size."""
    image = target / "jdk"
    command = ["jlink", f"--add-modules={','.join(MODULES)}", "--strip-debug", "--no-man-pages",
               "--no-header-files", "--vm=server", f"--output={image}"]  # fmt: skip
    subprocess.run(command, check=True)
    archive = target / "jdk.tar.xz"
    subprocess.run(["tar", "-cJf", archive, "-C", target, "jdk"], check=True)
    shutil.rmtree(image)
    say(f"Java ({', '.join(MODULES)})", f"{archive.stat().st_size / 1e6:.1f} MB")


def prepare():
    KIT.mkdir(parents=True, exist_ok=True)
    carry_sources()
    carry_wheels()
    carry_java()
    return check_size()


def check_size():
    tree, kit = tracked_size(), size_of(KIT)
    found = {"tree": tree, "kit": kit}
    (KIT / "sizes.json").write_text(json.dumps(found) + "\n")
    print(f"tracked files {tree / 2**20:.1f} MiB, {KIT.relative_to(ROOT)} {kit / 2**20:.1f} MiB, "
          f"together {(tree + kit) / 2**20:.1f} of {MOST / 2**20:.0f} MiB")  # fmt: skip
    if tree + kit > MOST:
        print("error: that is too much to carry; archives of earlier calls (built.tar.xz, caches-*) "
              "are what can go first", file=sys.stderr)  # fmt: skip
        return 1
    print("Copy both to the machine with the GPU. Next there: benchmarks/gpu/kit build")
    return 0


def unpacked_wheels(target):
    """The folder to put on PYTHONPATH; empty where nothing was carried."""
    for wheel in sorted((KIT / "wheels").glob("*.whl")):
        if not (target / f"{wheel.stem}.done").exists():
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(target)
            (target / f"{wheel.stem}.done").touch()
    return target
