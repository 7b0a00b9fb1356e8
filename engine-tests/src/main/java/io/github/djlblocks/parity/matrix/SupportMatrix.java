package io.github.djlblocks.parity.matrix;

import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.cases.ParityCase;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which block runs on which engine in which dtype, outputs and gradients, and how exactly.
 *
 * <p>A cell speaks for all cases of a block: it has the largest part of a tolerance that one of
 * them used (at most 1), or, if one does not run, the reason. What fails without a reason, and
 * reasons that nothing needs any more, are {@link #problems}.
 */
public final class SupportMatrix {

    private final List<EngineUnderTest> engines;
    private final List<String> blocks;
    private final Map<String, Cell> cells;
    private final List<String> problems;

    /**
     * A block on an engine.
     *
     * @param block the block's name
     * @param engine where
     * @param quantity what
     * @param used the largest part of a tolerance used; null if no case of the block runs or has
     *     anything to compare
     * @param reasons why some or all cases do not run; empty if all do
     */
    public record Cell(
            String block,
            EngineUnderTest engine,
            Quantity quantity,
            @Nullable Double used,
            Set<String> reasons) {

        /**
         * Creates a cell.
         *
         * @param block the block's name
         * @param engine where
         * @param quantity what
         * @param used the largest part of a tolerance used, or null
         * @param reasons why some or all cases do not run
         */
        public Cell {
            reasons = Set.copyOf(reasons);
        }

        /**
         * Returns the cell as the matrix shows it.
         *
         * @return the part of the tolerance used, a reason, or both; that there are no gradients to
         *     take if the block has neither a parameter nor a floating input
         */
        public String text() {
            String why = String.join("; ", new TreeSet<>(reasons));
            if (used == null && reasons.isEmpty()) {
                return "nothing to differentiate";
            }
            if (used == null) {
                return "unsupported: " + why;
            }
            String number = String.format(Locale.ROOT, "%.3f", used);
            return reasons.isEmpty() ? number : number + ", some variants unsupported: " + why;
        }
    }

    private SupportMatrix(
            List<EngineUnderTest> engines,
            List<String> blocks,
            Map<String, Cell> cells,
            List<String> problems) {
        this.engines = engines;
        this.blocks = blocks;
        this.cells = cells;
        this.problems = List.copyOf(problems);
    }

    /**
     * Measures what has not been measured yet, and sums it up.
     *
     * @param measurements the cases and engines
     * @param limitations what may fail, and why
     * @return the matrix
     */
    public static SupportMatrix of(Measurements measurements, List<Limitation> limitations) {
        Map<String, List<ParityCase>> byBlock = new LinkedHashMap<>();
        for (ParityCase parityCase : measurements.cases()) {
            byBlock.computeIfAbsent(parityCase.blockName(), name -> new ArrayList<>())
                    .add(parityCase);
        }
        Tally tally = new Tally(measurements, limitations);
        Map<String, Cell> cells = new LinkedHashMap<>();
        byBlock.forEach(
                (block, cases) -> {
                    for (EngineUnderTest engine : measurements.engines()) {
                        for (Quantity quantity : Quantity.values()) {
                            Cell cell = tally.cell(block, cases, engine, quantity);
                            cells.put(key(block, engine, quantity), cell);
                        }
                    }
                });
        return new SupportMatrix(
                measurements.engines(), List.copyOf(byBlock.keySet()), cells, tally.problems());
    }

    /**
     * Returns the cells.
     *
     * @return all of them, by block, engine and quantity
     */
    public List<Cell> cells() {
        return List.copyOf(cells.values());
    }

    /**
     * Returns what must not be: failures without a reason, and reasons without a failure.
     *
     * @return sentences, empty if all is well
     */
    public List<String> problems() {
        return problems;
    }

    /**
     * Prints the table of one engine.
     *
     * @param engine one of the engines measured
     * @return a heading and a Markdown table, ending in a line break
     */
    public String toMarkdown(EngineUnderTest engine) {
        StringBuilder text = new StringBuilder("## " + engine + "\n\n| block |");
        for (Quantity quantity : Quantity.values()) {
            text.append(' ').append(quantity).append(" |");
        }
        text.append("\n|---").append("|---".repeat(Quantity.values().length)).append("|\n");
        for (String block : blocks) {
            text.append("| ").append(block).append(" |");
            for (Quantity quantity : Quantity.values()) {
                text.append(' ').append(cell(block, engine, quantity).text()).append(" |");
            }
            text.append('\n');
        }
        return text.toString();
    }

    /**
     * Prints one line a cell: block, engine, direction, dtype, part of the tolerance used, reasons.
     *
     * @return comma-separated values under a header; what holds a comma is quoted
     */
    public String toCsv() {
        StringBuilder text = new StringBuilder("block,engine,direction,dtype,used,unsupported\n");
        for (Cell cell : cells.values()) {
            String used =
                    cell.used() == null ? "" : String.format(Locale.ROOT, "%.3f", cell.used());
            String reasons = String.join("; ", new TreeSet<>(cell.reasons()));
            text.append(cell.block())
                    .append(',')
                    .append(cell.engine())
                    .append(',')
                    .append(cell.quantity().direction().name().toLowerCase(Locale.ROOT))
                    .append(',')
                    .append(cell.quantity().dataType().name())
                    .append(',')
                    .append(used)
                    .append(",\"")
                    .append(reasons.replace("\"", "\"\""))
                    .append("\"\n");
        }
        return text.toString();
    }

    /**
     * Returns the engines.
     *
     * @return those measured, in their order
     */
    public List<EngineUnderTest> engines() {
        return engines;
    }

    /**
     * Replaces the numbers of a printed matrix, which differ from machine to machine.
     *
     * @param markdown the printed matrix
     * @return the same with every number in a cell replaced by {@code ok}
     */
    public static String withoutMargins(String markdown) {
        return markdown.replaceAll("\\| \\d+\\.\\d{3}(?=[ ,])", "| ok");
    }

    private Cell cell(String block, EngineUnderTest engine, Quantity quantity) {
        Cell cell = cells.get(key(block, engine, quantity));
        if (cell == null) {
            throw new IllegalArgumentException(engine + " was not measured: " + engines);
        }
        return cell;
    }

    private static String key(String block, EngineUnderTest engine, Quantity quantity) {
        return block + '|' + engine + '|' + quantity;
    }

    /** Sums up, and remembers what was not expected and which limitations were needed. */
    private static final class Tally {

        private final Measurements measurements;
        private final List<Limitation> limitations;
        private final Set<Limitation> needed = new LinkedHashSet<>();
        private final List<String> problems = new ArrayList<>();

        Tally(Measurements measurements, List<Limitation> limitations) {
            this.measurements = measurements;
            this.limitations = limitations;
        }

        Cell cell(String block, List<ParityCase> cases, EngineUnderTest engine, Quantity quantity) {
            Double worst = null;
            Set<String> reasons = new TreeSet<>();
            for (ParityCase parityCase : cases) {
                Outcome outcome = measurements.outcome(parityCase, engine, quantity);
                if (outcome.works() && outcome.margins().isEmpty()) {
                    continue;
                }
                if (outcome.works()) {
                    worst = Math.max(worst == null ? 0 : worst, outcome.used());
                } else {
                    reasons.add(reason(parityCase, engine, quantity, outcome));
                }
            }
            return new Cell(block, engine, quantity, worst, reasons);
        }

        private String reason(
                ParityCase parityCase, EngineUnderTest engine, Quantity quantity, Outcome outcome) {
            for (Limitation limitation : limitations) {
                if (limitation.excuses(parityCase, engine, quantity, outcome)) {
                    needed.add(limitation);
                    return limitation.reason();
                }
            }
            problems.add(
                    "%s on %s, %s fails for no known reason: %s"
                            .formatted(parityCase, engine, quantity, outcome.problem()));
            return "unknown";
        }

        List<String> problems() {
            List<String> all = new ArrayList<>(problems);
            for (Limitation limitation : limitations) {
                boolean measured =
                        measurements.engines().stream()
                                .anyMatch(e -> e.engineName().equals(limitation.engineName()));
                if (measured && !needed.contains(limitation)) {
                    all.add(
                            "limitation '%s' of %s excuses nothing: take it out"
                                    .formatted(limitation.reason(), limitation.engineName()));
                }
            }
            return all;
        }
    }
}
