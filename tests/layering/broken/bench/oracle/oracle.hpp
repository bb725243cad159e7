// SPDX-License-Identifier: MIT
#include "../../impl/rogue/echo.cpp"
#include "cell/rig.hpp"
