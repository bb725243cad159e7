# SPDX-License-Identifier: MIT
"""Campaigns on many machines. Slurm queues and starts the jobs; without it a campaign runs here alone."""
