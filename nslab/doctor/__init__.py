"""What this machine allows: can a lab run here, and if not, what refuses it and what to do.

::

    checks    what was tried (:mod:`nslab.engine.refusal`), the tools, Jupyter
    report    the result, and how it shows itself
"""

from nslab.doctor.checks import examine
from nslab.doctor.report import Check, Report

__all__ = ["Check", "Report", "examine"]
