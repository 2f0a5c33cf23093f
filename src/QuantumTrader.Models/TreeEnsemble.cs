namespace QuantumTrader.Models;

/// <summary>A question (<paramref name="Left"/> above 0) or an answer of a tree.</summary>
/// <param name="Feature">Whose value is asked for.</param>
/// <param name="Threshold">Rows with at most this value go left.</param>
/// <param name="Left">Node that follows on the left; 0 for a leaf.</param>
/// <param name="Right">Node that follows on the right.</param>
/// <param name="Value">The answer of a leaf.</param>
internal readonly record struct TreeNode(int Feature, float Threshold, int Left, int Right, float Value)
{
    public bool IsLeaf => Left == 0;
}

/// <summary>A decision tree.</summary>
/// <param name="Nodes">The root first.</param>
/// <param name="Column">The score that its answers are added to.</param>
internal sealed record Tree(TreeNode[] Nodes, int Column)
{
    public float Answer(ReadOnlySpan<double> row)
    {
        var at = 0;
        while (!Nodes[at].IsLeaf)
        {
            ref readonly var node = ref Nodes[at];
            at = (float)row[node.Feature] <= node.Threshold ? node.Left : node.Right;
        }

        return Nodes[at].Value;
    }
}

/// <summary>
/// Boosted trees: each score is its start plus the answers of its trees. Features count in single precision, as thresholds do: the file
/// rounds them in the same way before it asks. The managed reference of what <see cref="ToOnnx"/> writes.
/// </summary>
/// <param name="Features">Features of a row.</param>
/// <param name="Start">The scores before the first tree.</param>
/// <param name="Trees">The trees.</param>
/// <param name="Outcomes">Outcomes; two have one score.</param>
internal sealed record TreeEnsemble(int Features, float[] Start, Tree[] Trees, int Outcomes) : ILearned
{
    // The scores leave ONNX Runtime's trees in single precision: 2^-24 of scores that stay below 16, and a probability moves by a quarter.
    public double Tolerance => 1e-6;

    public void Predict(ReadOnlySpan<double> row, Span<double> probabilities)
    {
        Span<double> scores = stackalloc double[Start.Length];
        for (var k = 0; k < scores.Length; k++)
        {
            scores[k] = Start[k];
        }

        foreach (var tree in Trees)
        {
            scores[tree.Column] += tree.Answer(row);
        }

        TrainedTensors.ToProbabilities(scores, probabilities);
    }

    public byte[] ToOnnx(string name, string featureHash)
    {
        const int Float = 1, Double = 11;

        // A regressor needs a tree for each of its targets; those that answer 0 change nothing.
        var trees = Trees.Length > 0 ? Trees : [.. Start.Select((_, column) => new Tree([default], column))];
        var nodes = trees.SelectMany((tree, t) => tree.Nodes.Select((node, n) => (Tree: (long)t, Id: (long)n, Node: node, tree.Column))).ToArray();
        var leaves = nodes.Where(n => n.Node.IsLeaf).ToArray();
        var ensemble = new OnnxAttributes { Domain = OnnxWriter.MachineLearning }
            .Text("aggregate_function", "SUM")
            .Whole("n_targets", Start.Length)
            .Wholes("nodes_treeids", [.. nodes.Select(n => n.Tree)])
            .Wholes("nodes_nodeids", [.. nodes.Select(n => n.Id)])
            .Wholes("nodes_featureids", [.. nodes.Select(n => (long)n.Node.Feature)])
            .Texts("nodes_modes", [.. nodes.Select(n => n.Node.IsLeaf ? "LEAF" : "BRANCH_LEQ")])
            .Reals("nodes_values", [.. nodes.Select(n => n.Node.Threshold)])
            .Wholes("nodes_truenodeids", [.. nodes.Select(n => (long)n.Node.Left)])
            .Wholes("nodes_falsenodeids", [.. nodes.Select(n => (long)n.Node.Right)])
            .Text("post_transform", "NONE")
            .Wholes("target_ids", [.. leaves.Select(n => (long)n.Column)])
            .Wholes("target_nodeids", [.. leaves.Select(n => n.Id)])
            .Wholes("target_treeids", [.. leaves.Select(n => n.Tree)])
            .Reals("target_weights", [.. leaves.Select(n => n.Node.Value)]);
        return new OnnxWriter()
            .Node("Cast", "rounded", new OnnxAttributes().Whole("to", Float), TrainedTensors.Input)
            .Node("Cast", "rounded_wide", new OnnxAttributes().Whole("to", Double), "rounded")
            .Node("TreeEnsembleRegressor", "sum", ensemble, "rounded_wide")
            .Node("Cast", "wide_sum", new OnnxAttributes().Whole("to", Double), "sum")
            .Node("Add", "score", "wide_sum", "start")
            .Constant("start", [.. Start.Select(s => (double)s)], Start.Length)
            .ToBytes(name, featureHash, Features, Outcomes);
    }
}
