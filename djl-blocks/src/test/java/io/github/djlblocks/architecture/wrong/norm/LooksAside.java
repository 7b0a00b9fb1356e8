package io.github.djlblocks.architecture.wrong.norm;

import io.github.djlblocks.architecture.wrong.position.Neighbour;

/** Uses a package of its own level. */
final class LooksAside {

    Neighbour aside() {
        return new Neighbour();
    }
}
