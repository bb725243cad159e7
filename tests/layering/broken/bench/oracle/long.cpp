// SPDX-License-Identifier: MIT

namespace oracle {

struct scope {
    int inside() {
        use(0);
        use(1);
        use(2);
        use(3);
        use(4);
        use(5);
        use(6);
        use(7);
        use(8);
        use(9);
        use(10);
        use(11);
        use(12);
        use(13);
        use(14);
        use(15);
        use(16);
        use(17);
        use(18);
        use(19);
        use(20);
        use(21);
        use(22);
        use(23);
        use(24);
        use(25);
        use(26);
        use(27);
        use(28);
        use(29);
        use(30);
        use(31);
        use(32);
        use(33);
        use(34);
        use(35);
        use(36);
        use(37);
        use(38);
        use(39);
        use(40);
        use(41);
        use(42);
        use(43);
        use(44);
        use(45);
        use(46);
        use(47);
        use(48);
        use(49);
        use(50);
        use(51);
        use(52);
        use(53);
        use(54);
        use(55);
        use(56);
        use(57);
        use(58);
    }
};

int data() {
    static int const table[]{
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17,
        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
        36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53,
        54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69,
    };
    return table[0]; // } "{"
}

int exactly() {
    use(0, '{');
    use(1, '{');
    use(2, '{');
    use(3, '{');
    use(4, '{');
    use(5, '{');
    use(6, '{');
    use(7, '{');
    use(8, '{');
    use(9, '{');
    use(10, '{');
    use(11, '{');
    use(12, '{');
    use(13, '{');
    use(14, '{');
    use(15, '{');
    use(16, '{');
    use(17, '{');
    use(18, '{');
    use(19, '{');
    use(20, '{');
    use(21, '{');
    use(22, '{');
    use(23, '{');
    use(24, '{');
    use(25, '{');
    use(26, '{');
    use(27, '{');
    use(28, '{');
    use(29, '{');
    use(30, '{');
    use(31, '{');
    use(32, '{');
    use(33, '{');
    use(34, '{');
    use(35, '{');
    use(36, '{');
    use(37, '{');
    use(38, '{');
    use(39, '{');
    use(40, '{');
    use(41, '{');
    use(42, '{');
    use(43, '{');
    use(44, '{');
    use(45, '{');
    use(46, '{');
    use(47, '{');
    use(48, '{');
    use(49, '{');
    use(50, '{');
    use(51, '{');
    use(52, '{');
    use(53, '{');
    use(54, '{');
    use(55, '{');
    use(56, '{');
    use(57, '{');
}

} // namespace oracle
