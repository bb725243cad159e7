// SPDX-License-Identifier: MIT
#pragma once
#include "cell/recorder.hpp"
#include "facts/verdict.hpp"
