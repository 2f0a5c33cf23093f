namespace QuantumTrader.Dataflow;

/// <summary>Decides which blocks run fused on one island.</summary>
internal static class IslandPlan
{
    /// <summary>
    /// Gives every vertex, in topological order, the number of its island. A block joins the island of its inputs when all of them are on
    /// the same one and nothing forces a boundary; otherwise it is the head of a new island. So only heads have edges to other islands,
    /// and no path can leave an island and come back.
    /// </summary>
    /// <param name="inputs">For each vertex, the vertices that feed it.</param>
    /// <param name="isBoundary">True when an edge between these two must be asynchronous.</param>
    public static int[] Assign(IReadOnlyList<IReadOnlyList<int>> inputs, Func<int, int, bool> isBoundary)
    {
        var islands = new int[inputs.Count];
        var count = 0;
        for (var v = 0; v < inputs.Count; v++)
        {
            var from = inputs[v];
            var joins = from.Count > 0
                && from.All(u => islands[u] == islands[from[0]])
                && !from.Any(u => isBoundary(u, v));
            islands[v] = joins ? islands[from[0]] : count++;
        }

        return islands;
    }
}
