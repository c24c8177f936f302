"""Colors that things have, and how often."""

from __future__ import annotations

TABLE = {
    "wall": "f4ead5 3, ffffff 1, f2d16b 2, c8553d 2, e8b28f 2, 9cc4d9 1, b9b9b9 1, a8744f 2,"
    " f3b6b6 1, cddfb0 1",
    "roof": "b5402f 4, 8a4b2f 3, 5b5f66 2, d9743a 2, 3f5f8a 1, 4d7a4f 1",
    "brick": "9a4b35 3, 7a5a48 2, 8b8b8b 1",
    "door": "7a4a2b 4, b03a2e 2, 2f6f8f 1, 3f7f4f 1, d9a441 1, 5a5a5a 1",
    "glass": "bfe3f5 5, 8fc9e8 3, fff2a8 2, dfeff7 2, 4a6b8a 1",
    "foliage": "4f9d3f 5, 3b7d3a 4, 7cb84a 4, 2f5f3a 2, a3c95a 2, e08a2e 1, c9442e 0.6,"
    " f2c23a 0.6, f2a8c0 0.8",
    "conifer": "2f6b45 5, 3f8450 3, 1f5038 2, 5a9a6a 1",
    "leaf": "4f9d3f 5, 3b7d3a 3, 7cb84a 3, 5aa86a 1",
    "trunk": "7a4f2f 5, 5f3d27 3, 9a6b43 3, 6b5a4a 1",
    "sun": "ffd93b 6, ffc02e 3, f9a01b 2, f0642e 0.6, fff0a0 0.6",
    "ground": "7cb84a 5, 5a9a3f 4, a3c95a 2, b08d57 1.5, e3cf9a 1, c0c0b8 0.6",
    "hill": "6aa84f 4, 4f8a4a 3, 9cc46a 3, 7a9a8a 1, 8a7a9a 0.5, b08d57 1",
    "path": "c9b48a 3, b5a58f 2, a9a9a9 2, 8a6b4a 1",
    "sky": "bfe3f5 5, 8fc9f0 4, d9f0fa 2, 5aa9e0 1, 26406f 1, f9b27a 1, f5c6c6 0.6, ffffff 1",
    "water": "3f8fcf 4, 5ab0e0 3, 2f6fa8 2, 7cc9d9 1",
    "petal": "e0342e 3, f2c21f 3, f07ab0 3, 8a4fb0 2, ffffff 1, f08a2e 2, 5a7fd9 1, f9b6c9 2",
    "core": "f2c21f 4, f08a2e 2, 7a4f2f 2, fff0a0 1",
    "pot": "c0643a 4, 8a4b2f 2, d9d0c0 1, 3f7fb0 1, e0a030 1",
    "skin": "f9d7b9 4, f2c09a 3, e0a67a 2, b97a4f 2, 8a5534 2, 5f3a25 1.5",
    "hair": "2a211c 3, 5a3a24 4, 8a5a2f 2, e3c16a 2, b5522a 1.2, a9a9a9 0.8, f4f0e8 0.4,"
    " d9487a 0.2",
    "iris": "6b4a2b 4, 3f7fb0 2, 4f8a4a 1, 2a211c 3",
    "lips": "d9605a 3, c03a44 2, b5605a 2",
    "cloth": "d93a3a 3, 2f6fb0 4, f2c21f 2, 3f8a4f 2, 8a4fa0 1.5, f07aa0 1.5, ffffff 2,"
    " 3a3f4a 2, f08a2e 1.5, 7cc0d9 1, a9a9a9 1, 7a5a3f 1",
    "trousers": "2f4f8a 5, 3a3f4a 3, 6b5a43 2, 8f8f8f 1, 7a4f2f 1, c9b48a 1",
    "shoe": "3a2f2a 4, 7a4a2b 3, d93a3a 1, ffffff 1, 2f4f8a 1",
    "fur": "f0962e 4, 8f8f8f 3, 3a3532 2, f9f3e8 2, 8a5a34 4, c9975a 3, e3c9a0 2, d97a2e 1.5",
    "pink": "f2a0a8 4, e88a90 2, d9707a 1",
    "eye": "7cb84a 3, f2c21f 3, 5a8fb0 2, 6b4a2b 2",
    "paint": "d93a3a 4, 2f6fb0 3, f2c21f 3, 3f8a4f 2, f08a2e 1.5, ffffff 1.5, a9b0b8 1.5,"
    " 7cc0d9 1, 8a4fa0 0.7, 3a3f4a 1",
    "tire": "2f2f33 5, 4a4a4f 2",
    "metal": "c9ced3 4, a9b0b8 3, 8a929a 1",
    "lamp": "fff0a0 4, ffd93b 2, f9a01b 1",
    "wood": "a8744f 4, 8a5a34 3, c99a68 3, 6b4a30 1.5",
    "sail": "ffffff 4, f4ead5 2, d93a3a 1.5, f2c21f 1, 7cc0d9 1",
    "apple": "d93a2e 5, b02a30 2, 8fc03f 3, f2c23a 1",
    "cap": "d9342e 5, a8744f 3, e08a2e 1, 8a5a34 1",
    "inside": "f4ead5 4, cddfe8 2, e8d0c0 2, d9e3c0 1, f2e3a0 1, c9c0d9 1",
    "beak": "f2a01f 5, e0702e 2",
    "feather": "f2d03a 2, 5a9fd9 2, d9483a 2, 8a6b4a 3, ffffff 1.5, 3a3532 1.5, 6ab04f 1",
    "locks": "2a211c 3, 3a2a22 2, 5a3a24 4, 8a5a2f 3, e3c16a 3, f2dc9a 1.5, b5522a 2,"
    " d9783a 1, a9a9a9 0.6, f4f0e8 0.6, 3f5fa8 0.8, e87aa8 0.8, 6a4a9a 0.7,"
    " 4f9a7a 0.5, 7ac0e0 0.5, c03a3a 0.7",
    "eyes": "6b4a2b 4, 3f7fb0 4, 4f8a4a 3, 8a5aa8 1, c0703a 1.5, 2a211c 2, b03a44 0.5",
    "ribbon": "d93a3a 4, 2f6fb0 2, f2c21f 1.5, f07aa0 2, 8a4fa0 1, ffffff 1",
    "uniform": "2f3f6b 4, 3a3f4a 3, ffffff 2, 7a2f3f 1, 3f6b4f 1, 8f8f9a 1, d9c9a0 1",
    "coat": "8a5a34 4, a8683a 3, c9975a 2, 7a5240 2, f4ece0 2, a9a29a 1",
    "pony": "f9c0d8 3, d9c3f2 3, bfe3f5 2, ffffff 3, fff0b3 1.5, c3ecd3 1.5",
    "mane": "3a2c24 4, 6b4529 2, e8d29a 2, f7f0e0 1.5, 2a2522 1",
    "magic": "e85aa0 3, 8a5fd0 3, 4fa8e0 2, f2c230 2, 5ac0a8 1.5, f27a5a 1",
    "hoof": "7a6656 4, 8f8378 2, 6b5a50 2",
    "cattle": "ffffff 5, f7efe0 2, b5713f 2.5, 8a5534 1.5, e0b88a 1",
    "patch": "66605e 5, 7a4f30 3, a8683a 2",
    "horn": "f2e3bf 4, e3cfa0 2, c9b48f 1",
    "wool": "ffffff 4, f9f1e0 4, efe6d3 2, d9d3c9 1, f5d5dc 0.4",
    "sheep": "66605e 3, f0cfb0 4, e8b99a 1.5, 8a7566 1, f9f1e0 1",
    "elephant": "a3a9b0 4, 8f99a6 3, 9fb3c9 3, 8a8a8f 2, bcc3cc 1.5",
    "giraffe": "f2c75a 5, f5d98a 3, e8b04a 2",
    "spots": "a8642f 4, 985c34 3, c9803a 2",
    "fox": "e8752a 5, d9622a 3, f08f3f 3, b5502a 1",
    "dragon": "6ab84f 4, 3f9d5a 3, 5ab5c9 2, 8a6fd0 2, e8604a 2, f2a03a 2, f2cf3f 1, f08ab5 1,"
    " 5a8fe0 1.5",
    "scales": "f2cf3f 3, f08a2e 3, e0503f 2, 3f8a5a 2, 7a5ac0 2, f27ab0 1",
    "belly": "fff0c0 4, f7e3a0 3, ffffff 1.5, e3f0b5 1, fbdcc0 1",
    "owl": "8a6040 4, a87a4f 4, 7a5a42 2, c9a070 2, 8f8f95 1, c98a4a 1",
    "penguin": "555961 5, 3f5f8a 3, 5f6b7c 2, 4f7fb5 1",
    "duck": "f7d63a 5, ffffff 3, f9e070 2, b08a5f 1",
    "shell": "8a6a3f 4, 5f7f3f 3, a8743f 2, 3f7f5f 2, c98a3f 1, d9705a 0.7",
    "turtle": "7cb84a 4, 9cc45a 3, 5aa05f 3, b5c96a 1",
    "whale": "4f8fc9 4, 3f6fa8 3, 7ab0d9 3, 6a7f99 1.5, 5ab5c9 1",
    "frog": "5fb04a 5, 7cc04f 4, 3f8f45 2, a3cf4f 1.5, 4fb08a 0.6",
    "mouse": "a9a5a5 4, 8f8a8a 3, c9c3c0 2, b08f70 2, f7f3ef 1",
    "monkey": "8a5a38 4, 7a5238 3, a8703f 3, 705a50 1",
    "face": "f2cfa0 4, e8bb8a 3, f9e0c0 2, d9a878 1",
}

#: For each thing, hexadecimal colors with their odds.
COLORS: dict[str, dict[str, float]] = {
    thing: {color: float(odds) for color, odds in map(str.split, text.split(", "))}
    for thing, text in TABLE.items()
}
