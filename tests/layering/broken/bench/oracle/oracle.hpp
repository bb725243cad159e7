// SPDX-License-Identifier: MIT
#include "../../impl/rogue/echo.cpp"
#include "rig/rig.hpp"
int look(int where);
