namespace QuantumTrader.Models.Training;

/// <summary>
/// Grows one tree after the other over the same rows: always splits the leaf that gains most, the first of equal ones, until the limits
/// are reached.
/// </summary>
internal sealed class TreeGrower(BinnedRows rows, TreesOptions options)
{
    /// <summary>First derivative of the loss by the score, per row.</summary>
    public double[] Gradients { get; } = new double[rows.Rows];

    /// <summary>Second derivative, per row, above 0.</summary>
    public double[] Curvatures { get; } = new double[rows.Rows];

    /// <summary>Grows a tree from the current derivatives.</summary>
    /// <param name="sample">The rows to look at.</param>
    /// <param name="column">The score that it adds to.</param>
    public Tree Grow(int[] sample, int column)
    {
        var nodes = new List<TreeNode> { default };
        var open = new List<Leaf> { new(0, 0, sample, Count(sample)) };
        Search(open[0]);
        while (open.Count < options.Leaves)
        {
            var best = open.Where(l => l.Gain > 0).MaxBy(l => l.Gain);
            if (best is null)
            {
                break;
            }

            var (left, right) = Split(best, nodes.Count);
            nodes[best.Node] = new TreeNode(best.Feature, rows.Bounds[best.Feature][best.Bin], left.Node, right.Node, 0);
            nodes.Add(default);
            nodes.Add(default);
            open[open.IndexOf(best)] = left;
            open.Add(right);
            Search(left);
            Search(right);
        }

        foreach (var leaf in open)
        {
            var (gradient, curvature) = leaf.Histogram.Total;

            // Rounded here, so that the next trees correct what the file will say and not what it nearly says.
            nodes[leaf.Node] = new TreeNode(0, 0, 0, 0, (float)(-options.LearningRate * gradient / (curvature + options.L2)));
        }

        return new Tree([.. nodes], column);
    }

    private (Leaf Left, Leaf Right) Split(Leaf leaf, int nextNode)
    {
        var bins = rows.Bins[leaf.Feature];
        var left = leaf.Rows.Where(r => bins[r] <= leaf.Bin).ToArray();
        var right = leaf.Rows.Where(r => bins[r] > leaf.Bin).ToArray();

        // Only the smaller side is counted; the other is what is left of the whole.
        var (leftCounts, rightCounts) = (leaf.Histogram, leaf.Histogram);
        if (left.Length <= right.Length)
        {
            leftCounts = Count(left);
            rightCounts.Subtract(leftCounts);
        }
        else
        {
            rightCounts = Count(right);
            leftCounts.Subtract(rightCounts);
        }

        return (new Leaf(nextNode, leaf.Depth + 1, left, leftCounts), new Leaf(nextNode + 1, leaf.Depth + 1, right, rightCounts));
    }

    private void Search(Leaf leaf)
    {
        if (leaf.Depth >= options.Depth || leaf.Rows.Length < 2 * options.LeafRows)
        {
            return;
        }

        var (allGradient, allCurvature) = leaf.Histogram.Total;
        var whole = Value(allGradient, allCurvature);
        for (var feature = 0; feature < rows.Bounds.Length; feature++)
        {
            double gradient = 0, curvature = 0;
            var count = 0;
            for (var bin = 0; bin < rows.Bounds[feature].Length; bin++)
            {
                ref readonly var cell = ref leaf.Histogram.Cells[(feature * BinnedRows.MostBins) + bin];
                gradient += cell.Gradient;
                curvature += cell.Curvature;
                count += cell.Count;
                if (count < options.LeafRows || leaf.Rows.Length - count < options.LeafRows)
                {
                    continue;
                }

                var gain = Value(gradient, curvature) + Value(allGradient - gradient, allCurvature - curvature) - whole;

                // What is left of nothing is rounding.
                if (gain > leaf.Gain && gain > 1e-9 * whole)
                {
                    (leaf.Gain, leaf.Feature, leaf.Bin) = (gain, feature, bin);
                }
            }
        }
    }

    private double Value(double gradient, double curvature) => gradient * gradient / (Math.Max(curvature, 0) + options.L2);

    private Histogram Count(int[] sample)
    {
        var histogram = new Histogram(rows.Bounds.Length);
        for (var feature = 0; feature < rows.Bounds.Length; feature++)
        {
            var bins = rows.Bins[feature];
            var cells = histogram.Cells.AsSpan(feature * BinnedRows.MostBins, BinnedRows.MostBins);
            foreach (var row in sample)
            {
                ref var cell = ref cells[bins[row]];
                cell.Gradient += Gradients[row];
                cell.Curvature += Curvatures[row];
                cell.Count++;
            }
        }

        foreach (var row in sample)
        {
            histogram.Total = (histogram.Total.Gradient + Gradients[row], histogram.Total.Curvature + Curvatures[row]);
        }

        return histogram;
    }

    private struct Cell
    {
        public double Gradient;
        public double Curvature;
        public int Count;
    }

    private sealed class Histogram(int features)
    {
        public Cell[] Cells { get; } = new Cell[features * BinnedRows.MostBins];

        public (double Gradient, double Curvature) Total { get; set; }

        public void Subtract(Histogram other)
        {
            for (var i = 0; i < Cells.Length; i++)
            {
                Cells[i].Gradient -= other.Cells[i].Gradient;
                Cells[i].Curvature -= other.Cells[i].Curvature;
                Cells[i].Count -= other.Cells[i].Count;
            }

            Total = (Total.Gradient - other.Total.Gradient, Total.Curvature - other.Total.Curvature);
        }
    }

    private sealed class Leaf(int node, int depth, int[] rows, Histogram histogram)
    {
        public int Node => node;

        public int Depth => depth;

        public int[] Rows => rows;

        public Histogram Histogram => histogram;

        public double Gain { get; set; }

        public int Feature { get; set; }

        public int Bin { get; set; }
    }
}
