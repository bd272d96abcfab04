package dev.bgem3.asm.x64;

/**
 * A tile register of AMX.
 *
 * @param number
 *            0 to 7
 */
public record Tile(int number) implements Register {
    /** Checks the number. */
    public Tile {
        Ranges.check("tile register", number, 0, 7);
    }

    @Override
    public String toString() {
        return "tmm" + number;
    }
}
