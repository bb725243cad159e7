// SPDX-License-Identifier: MIT
module switchyard/worker

go 1.19
