"""Answers requests with dnf's own solver (libsolv): one process for all of them. Nothing is installed.

Input, JSON: {"repository": directory, "scratch": directory, "requests": [{"install": [spec], "recommends": bool, "exclude": [name]}]}
Output, JSON: for each request the packages as "name version-release", or null where dnf refuses.
"""

import json
import sys

import dnf
import dnf.exceptions

asked = json.load(sys.stdin)
base = dnf.Base()
base.conf.installroot = asked["scratch"] + "/root"
base.conf.cachedir = asked["scratch"] + "/cache"
base.conf.persistdir = asked["scratch"] + "/persist"
base.conf.substitutions["releasever"] = "1"
base.conf.substitutions["arch"] = "x86_64"
base.conf.substitutions["basearch"] = "x86_64"
base.conf.module_platform_id = "platform:none"
base.repos.add_new_repo("random", base.conf, baseurl=["file://" + asked["repository"]], gpgcheck=False)
base.fill_sack(load_system_repo=False)


def answer(request):
    base.reset(goal=True)
    base.sack.reset_excludes()
    base.conf.install_weak_deps = request["recommends"]
    if request["exclude"]:
        base.sack.add_excludes(base.sack.query().filterm(name=request["exclude"]))
    try:
        for spec in request["install"]:
            base.install(spec)
        base.resolve()
    except (dnf.exceptions.DepsolveError, dnf.exceptions.MarkingError):
        return None
    return sorted("%s %s" % (one.name, one.evr) for one in base.transaction.install_set)


json.dump([answer(request) for request in asked["requests"]], sys.stdout)
