"""Files of hosting platforms: render.yaml, fly.toml, railway, app.yaml, heroku.yml, nixpacks, vercel.json."""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import launch_of, read_command
from rewire.project.launch.compose import role_of
from rewire.project.launch.docker import Build, in_image, stages, start_image
from rewire.project.launch.dockerignore import ignored_files
from rewire.project.launch.installation import installs
from rewire.project.launch.place import line_holding, load_toml, load_yaml
from rewire.project.launch.running import Start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rewire.model.project import Launch, Role
    from rewire.project.boot.tree import Files
    from rewire.project.launch.command import Evidence


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a platform's file: where it is built, how it starts. Paths are relative to the workspace root."""

    name: str
    folder: str
    start: str
    build: str = ""
    role: Role | None = None
    dockerfile: str = ""
    context: str = ""
    line: int = 1


def read_platform(
    path: str, text: str, files: Files, read_text: Callable[[str], str | None], evidence: Evidence
) -> list[Launch]:
    """The launch contexts of one platform file."""
    name = posixpath.basename(path)
    reader = READERS[name]
    found: list[Launch] = []
    for service in reader(path, text):
        at = replace(evidence, name=f"{name}: {service.name}", line=service.line, role=service.role)
        if service.dockerfile and service.dockerfile in files.files:
            found += _in_docker(service, files, read_text, at)
        elif service.start:
            cwd = under(HOME, service.folder)
            places = tuple(installs(service.build, evidence.tree, cwd))
            found += read_command(service.start, replace(at, cwd=cwd, installed=places))
    return [replace(launch, source=path) if launch.source == path else launch for launch in found]


def _in_docker(
    service: Service, files: Files, read_text: Callable[[str], str | None], evidence: Evidence
) -> list[Launch]:
    """A service that runs in an image of a Dockerfile of the project."""
    text = read_text(service.dockerfile)
    build = Build(
        service.dockerfile,
        service.context,
        None,
        ignored_files(service.context, service.dockerfile, files, read_text),
    )
    try:
        known = stages(text, build, files) if text is not None else []
    except ValueError:
        return []
    if not known:
        return []
    inside = in_image(known[-1], build, files, read_text, evidence.source, evidence.name)
    inside = replace(inside, line=evidence.line, role=evidence.role)
    launches = start_image(known[-1], inside, service.start or None)
    return [replace(launch, source=evidence.source, line=evidence.line) for launch in launches]


def _join(*parts: str) -> str:
    joined = posixpath.normpath(posixpath.join(*parts))
    return "" if joined == "." else joined


def _render(path: str, text: str) -> Iterator[Service]:
    """https://render.com/docs/blueprint-spec"""
    data = load_yaml(text)
    here = posixpath.dirname(path)
    services = data.get("services") if isinstance(data, dict) else None
    for service in services if isinstance(services, list) else ():
        if not isinstance(service, dict):
            continue
        name = str(service.get("name", "service"))
        folder = _join(here, str(service.get("rootDir") or ""))
        kind = {"web": "server", "pserv": "server", "worker": "worker", "cron": "script"}.get(str(service.get("type")))
        line = line_holding(text, f"name: {name}")
        dockerfile = ""
        context = folder
        if "docker" in (service.get("runtime"), service.get("env")):
            context = _join(folder, str(service.get("dockerContext") or "."))
            dockerfile = _join(folder, str(service.get("dockerfilePath") or "Dockerfile"))
        start = service.get("dockerCommand") if dockerfile else service.get("startCommand")
        role: Role | None = kind  # type: ignore[assignment]
        if start:
            line = line_holding(text, "Command:", line)
        yield Service(
            name, folder, str(start or ""), str(service.get("buildCommand") or ""), role, dockerfile, context, line
        )
        if service.get("preDeployCommand"):
            yield Service(
                f"{name} (pre-deploy)",
                folder,
                str(service["preDeployCommand"]),
                "",
                "migration",
                dockerfile,
                context,
                line,
            )


def _fly(path: str, text: str) -> Iterator[Service]:
    """https://fly.io/docs/reference/configuration/"""
    data = load_toml(text)
    here = posixpath.dirname(path)
    build = data.get("build", {})
    dockerfile = _join(here, str(build.get("dockerfile", "Dockerfile"))) if isinstance(build, dict) else ""
    processes = data.get("processes")
    commands = (
        {name: text for name, text in processes.items() if isinstance(text, str)} if isinstance(processes, dict) else {}
    )
    for name, command in commands.items():
        yield Service(name, here, command, "", role_of(name), dockerfile, here, line_holding(text, command))
    if not commands:
        yield Service("app", here, "", "", "server", dockerfile, here, 1)
    release = data.get("deploy", {}).get("release_command") if isinstance(data.get("deploy"), dict) else None
    if isinstance(release, str):
        yield Service(
            "release", here, release, "", "migration", dockerfile, here, line_holding(text, "release_command")
        )


def _railway(path: str, text: str) -> Iterator[Service]:
    """https://docs.railway.com/reference/config-as-code"""
    if path.endswith(".toml"):
        data: Any = load_toml(text)
    else:
        data = _json(text)
    deploy = data.get("deploy", {}) if isinstance(data, dict) else {}
    build = data.get("build", {}) if isinstance(data, dict) else {}
    deploy, build = (deploy if isinstance(deploy, dict) else {}), (build if isinstance(build, dict) else {})
    here = posixpath.dirname(path)
    dockerfile = ""
    if build.get("dockerfilePath") or str(build.get("builder", "")).upper() == "DOCKERFILE":
        dockerfile = _join(here, str(build.get("dockerfilePath") or "Dockerfile"))
    line = line_holding(text, "startCommand")
    yield Service(
        "app",
        here,
        str(deploy.get("startCommand") or ""),
        str(build.get("buildCommand") or ""),
        "server",
        dockerfile,
        here,
        line,
    )


def _app_yaml(path: str, text: str) -> Iterator[Service]:
    """App Engine's ``entrypoint`` (default ``main:app`` under gunicorn), DigitalOcean's ``services``."""
    data = load_yaml(text)
    here = posixpath.dirname(path)
    if not isinstance(data, dict):
        return
    for key in ("services", "workers", "jobs"):
        for service in data[key] if isinstance(data.get(key), list) else ():
            if isinstance(service, dict):
                base = "" if here == ".do" else here
                folder = _join(base, str(service.get("source_dir") or "").lstrip("/"))
                dockerfile = _join(base, str(service["dockerfile_path"])) if service.get("dockerfile_path") else ""
                start = str(service.get("run_command") or "")
                role: Role = "worker" if key == "workers" else "server" if key == "services" else "script"
                name = str(service.get("name", key))
                yield Service(
                    name,
                    folder,
                    start,
                    str(service.get("build_command") or ""),
                    role,
                    dockerfile,
                    folder,
                    line_holding(text, name),
                )
    runtime = str(data.get("runtime", ""))
    if runtime.startswith("python"):
        start = str(data.get("entrypoint") or "gunicorn main:app")
        yield Service("app", here, start, "", "server", line=line_holding(text, "entrypoint"))


def _heroku(path: str, text: str) -> Iterator[Service]:
    """https://devcenter.heroku.com/articles/build-docker-images-heroku-yml"""
    data = load_yaml(text)
    here = posixpath.dirname(path)
    run = data.get("run") if isinstance(data, dict) else None
    docker = (
        data.get("build", {}).get("docker", {})
        if isinstance(data, dict) and isinstance(data.get("build"), dict)
        else {}
    )
    for name, command in run.items() if isinstance(run, dict) else ():
        if isinstance(command, dict):
            command = command.get("command")
        if isinstance(command, list):
            command = " && ".join(str(part) for part in command)
        if isinstance(command, str):
            dockerfile = _join(here, str(docker[name])) if isinstance(docker, dict) and name in docker else ""
            yield Service(
                str(name), here, command, "", role_of(str(name)), dockerfile, here, line_holding(text, command)
            )


def _nixpacks(path: str, text: str) -> Iterator[Service]:
    """``nixpacks.toml``'s start command; ``.replit``'s ``run``."""
    data = load_toml(text)
    here = posixpath.dirname(path)
    start = data.get("start", {}).get("cmd") if isinstance(data.get("start"), dict) else data.get("run")
    if isinstance(start, list):
        start = " ".join(str(word) for word in start)
    if isinstance(start, str):
        yield Service("app", here, start, "", "server", line=line_holding(text, start))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


READERS: dict[str, Callable[[str, str], Iterator[Service]]] = {
    "render.yaml": _render,
    "render.yml": _render,
    "fly.toml": _fly,
    "railway.toml": _railway,
    "railway.json": _railway,
    "app.yaml": _app_yaml,
    "app.yml": _app_yaml,
    "heroku.yml": _heroku,
    "nixpacks.toml": _nixpacks,
    ".replit": _nixpacks,
}


def read_vercel(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """``vercel.json``: each Python file it builds is loaded by its path from the project's folder."""
    import fnmatch

    data = _json(text)
    here = posixpath.dirname(path)
    patterns: list[str] = []
    if isinstance(data, dict):
        builds = data.get("builds")
        tables = [build for build in builds if isinstance(build, dict)] if isinstance(builds, list) else []
        patterns += [str(build.get("src", "")) for build in tables if "python" in str(build.get("use", ""))]
        functions = data.get("functions")
        patterns += list(functions) if isinstance(functions, dict) else []
    found: list[Launch] = []
    for file in sorted(files.files):
        inside = file[len(here) + 1 :] if here and file.startswith(here + "/") else file if not here else ""
        if inside.endswith(".py") and any(fnmatch.fnmatch(inside, pattern) for pattern in patterns):
            start = Start(inside[:-3].replace("/", "."), "module", (under(HOME, here),), "server")
            at = replace(evidence, name=f"vercel.json: {inside}", line=line_holding(text, inside))
            found.append(launch_of(start, f"vercel {inside}", at))
    return found
