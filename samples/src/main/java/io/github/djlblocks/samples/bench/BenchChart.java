package io.github.djlblocks.samples.bench;

import de.erichseifert.vectorgraphics2d.VectorGraphics2D;
import de.erichseifert.vectorgraphics2d.intermediate.CommandSequence;
import de.erichseifert.vectorgraphics2d.svg.SVGProcessor;
import de.erichseifert.vectorgraphics2d.util.PageSize;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;

/** Results as bars of tokens a second: a panel for each workload and mode, two side by side. */
public final class BenchChart {

    private static final int WIDTH = 640;
    private static final int HEIGHT = 400;
    private static final double BAR_WIDTH = 0.9;

    private BenchChart() {}

    /**
     * Requires a name that says what to draw.
     *
     * @param file where to draw to
     * @throws IllegalArgumentException if it ends with neither {@code .svg} nor {@code .png}
     */
    public static void requireKnown(Path file) {
        if (!endsWith(file, ".svg") && !endsWith(file, ".png")) {
            throw new IllegalArgumentException(
                    "chart file " + file + " must end with .svg or .png");
        }
    }

    /**
     * Draws the results.
     *
     * @param file an {@code .svg} or {@code .png}
     * @param results what was measured
     * @throws IOException if the file cannot be written
     */
    public static void write(Path file, List<Result> results) throws IOException {
        requireKnown(file);
        List<CategoryChart> panels = panels(results);
        int columns = Math.min(2, panels.size());
        int width = columns * WIDTH;
        int height = (panels.size() + columns - 1) / columns * HEIGHT;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (endsWith(file, ".svg")) {
            VectorGraphics2D graphics = new VectorGraphics2D();
            paint(graphics, panels, columns);
            CommandSequence commands = graphics.getCommands();
            new SVGProcessor()
                    .getDocument(commands, new PageSize(0, 0, width, height))
                    .writeTo(bytes);
        } else {
            BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
            Graphics2D graphics = image.createGraphics();
            paint(graphics, panels, columns);
            graphics.dispose();
            ImageIO.write(image, "png", bytes);
        }
        Files.write(file, bytes.toByteArray());
    }

    private static boolean endsWith(Path file, String ending) {
        return file.toString().toLowerCase(Locale.ROOT).endsWith(ending);
    }

    private static void paint(Graphics2D graphics, List<CategoryChart> panels, int columns) {
        for (int i = 0; i < panels.size(); i++) {
            Graphics2D part = (Graphics2D) graphics.create();
            part.translate(i % columns * WIDTH, i / columns * HEIGHT);
            panels.get(i).paint(part, WIDTH, HEIGHT);
            part.dispose();
        }
    }

    private static List<CategoryChart> panels(List<Result> results) {
        Map<String, List<Result>> byTitle = new LinkedHashMap<>();
        for (Result result : results) {
            byTitle.computeIfAbsent(BenchText.title(result), key -> new ArrayList<>()).add(result);
        }
        List<CategoryChart> panels = new ArrayList<>();
        byTitle.forEach((title, group) -> panels.add(panel(title, group)));
        return panels;
    }

    private static CategoryChart panel(String title, List<Result> results) {
        CategoryChart chart =
                new CategoryChartBuilder()
                        .width(WIDTH)
                        .height(HEIGHT)
                        .title(title)
                        .yAxisTitle("tokens/s")
                        .build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setLegendPosition(LegendPosition.OutsideS);
        chart.getStyler().setLegendLayout(LegendLayout.Horizontal);
        chart.getStyler().setLegendBorderColor(Color.WHITE);
        chart.getStyler().setDecimalPattern("#,##0");
        chart.getStyler().setAvailableSpaceFill(BAR_WIDTH);
        chart.getStyler().setLabelsVisible(true);
        chart.getStyler().setPlotGridVerticalLinesVisible(false);
        Set<Format> formats = new LinkedHashSet<>();
        Set<ContenderKind> kinds = new LinkedHashSet<>();
        results.forEach(result -> formats.add(result.format()));
        results.forEach(result -> kinds.add(result.contender()));
        for (ContenderKind kind : kinds) {
            List<@Nullable Double> speeds = new ArrayList<>();
            for (Format format : formats) {
                speeds.add(speed(results, kind, format));
            }
            chart.addSeries(kind.title(), formats.stream().map(Named::label).toList(), speeds)
                    .setFillColor(color(kind));
        }
        return chart;
    }

    private static @Nullable Double speed(List<Result> results, ContenderKind kind, Format format) {
        return results.stream()
                .filter(result -> result.contender() == kind && result.format() == format)
                .map(Result::tokensPerSecond)
                .findFirst()
                .orElse(null);
    }

    /** Told apart by the colour-blind, too: the palette of Okabe and Ito. */
    private static Color color(ContenderKind kind) {
        return switch (kind) {
            case PRODUCTS -> new Color(0x999999);
            case SCRIPT -> new Color(0xE69F00);
            case COMPILED -> new Color(0x0072B2);
            case PORTABLE -> new Color(0x56B4E9);
            case DJL -> new Color(0xCC79A7);
        };
    }
}
