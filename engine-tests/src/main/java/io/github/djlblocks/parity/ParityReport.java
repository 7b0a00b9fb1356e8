package io.github.djlblocks.parity;

import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A table of how much of its tolerance each case used, per engine, dtype and direction.
 *
 * <p>Rows come out sorted by case, direction, dtype and engine, whatever order they were added in.
 * Several threads may add to one report.
 */
public final class ParityReport {

    private static final List<String> HEADER =
            List.of(
                    "case",
                    "direction",
                    "dtype",
                    "engine",
                    "worst error",
                    "allowed",
                    "used",
                    "result");

    private static final Comparator<Row> ORDER =
            Comparator.comparing(Row::subject)
                    .thenComparing(Row::direction)
                    .thenComparing(Row::dataType)
                    .thenComparing(row -> row.engine().toString());

    private final List<Row> rows = new ArrayList<>();

    /** Creates an empty report. */
    public ParityReport() {}

    /** What was computed. */
    public enum Direction {
        /** The output of a block. */
        FORWARD,
        /** A gradient of its inputs or parameters. */
        GRADIENT
    }

    /**
     * A line of the report: measured, or unsupported for a reason.
     *
     * @param subject the block and case
     * @param engine where it ran
     * @param dataType the dtype it ran in
     * @param direction what was computed
     * @param margin how much of the tolerance was used; null if unsupported
     * @param reason why it could not run; null if it ran
     */
    public record Row(
            String subject,
            EngineUnderTest engine,
            DataType dataType,
            Direction direction,
            @Nullable Margin margin,
            @Nullable String reason) {

        /**
         * Says whether the case ran and was outside its tolerance.
         *
         * @return true if an element failed
         */
        public boolean isFailed() {
            return margin != null && !margin.isWithin();
        }

        private List<String> cells() {
            List<String> cells =
                    new ArrayList<>(
                            List.of(subject, lower(direction), lower(dataType), engine.toString()));
            if (margin == null) {
                cells.addAll(List.of("", "", "", "unsupported: " + reason));
            } else {
                cells.add(number(margin.error()));
                cells.add(number(margin.allowed()));
                cells.add(number(margin.used()));
                cells.add(
                        margin.isWithin()
                                ? "ok"
                                : "FAILED %d of %d".formatted(margin.failed(), margin.count()));
            }
            return cells;
        }
    }

    /**
     * Adds a measured case.
     *
     * @param subject the block and case, such as {@code RmsNorm (2, 3, 64)}
     * @param engine where it ran
     * @param dataType the dtype it ran in
     * @param direction what was computed
     * @param margin how much of the tolerance was used
     */
    public synchronized void add(
            String subject,
            EngineUnderTest engine,
            DataType dataType,
            Direction direction,
            Margin margin) {
        rows.add(new Row(subject, engine, dataType, direction, margin, null));
    }

    /**
     * Adds a case an engine cannot run, so that the gap shows.
     *
     * @param subject the block and case
     * @param engine where it was tried
     * @param dataType the dtype it was tried in
     * @param direction what was to be computed
     * @param reason why not, such as {@code no float16 matMul on CPU}
     */
    public synchronized void addUnsupported(
            String subject,
            EngineUnderTest engine,
            DataType dataType,
            Direction direction,
            String reason) {
        rows.add(new Row(subject, engine, dataType, direction, null, reason));
    }

    /**
     * Returns the rows, sorted.
     *
     * @return a copy
     */
    public synchronized List<Row> rows() {
        return rows.stream().sorted(ORDER).toList();
    }

    /**
     * Returns the rows outside their tolerance, sorted.
     *
     * @return a copy, empty if all is well
     */
    public List<Row> failures() {
        return rows().stream().filter(Row::isFailed).toList();
    }

    /**
     * Prints the rows as aligned plain text, one line each, under a header.
     *
     * @return the table, ending in a line break
     */
    public String toText() {
        List<List<String>> table = table();
        int[] widths = new int[HEADER.size()];
        for (List<String> cells : table) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], cells.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> cells : table) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                line.append(cells.get(i)).append(" ".repeat(widths[i] - cells.get(i).length() + 2));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    /**
     * Prints the rows as a Markdown table.
     *
     * @return the table, ending in a line break
     */
    public String toMarkdown() {
        StringBuilder text = new StringBuilder();
        for (List<String> cells : table()) {
            List<String> escaped =
                    cells.stream()
                            .map(cell -> cell.replace("|", "\\|").replace('\n', ' '))
                            .toList();
            text.append("| ").append(String.join(" | ", escaped)).append(" |\n");
            if (cells == HEADER) {
                text.append("|---".repeat(HEADER.size())).append("|\n");
            }
        }
        return text.toString();
    }

    private List<List<String>> table() {
        List<List<String>> table = new ArrayList<>();
        table.add(HEADER);
        rows().forEach(row -> table.add(row.cells()));
        return table;
    }

    /** Three significant digits at most. */
    static String number(double value) {
        if (value == 0 || !Double.isFinite(value)) {
            return value == 0 ? "0" : Double.toString(value);
        }
        boolean plain = Math.abs(value) >= 0.001 && Math.abs(value) < 1000;
        return String.format(Locale.ROOT, plain ? "%.3g" : "%.2e", value);
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
