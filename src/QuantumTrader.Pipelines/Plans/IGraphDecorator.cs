namespace QuantumTrader.Pipelines;

/// <summary>A section that puts something around blocks when their graph is put together, so that no block knows of it.</summary>
public interface IGraphDecorator
{
    /// <summary>The parts to build instead. Throws <see cref="ConfigurationException"/>, with an option of the section, when they do not fit.</summary>
    /// <param name="parts">The parts of the plan, in topological order.</param>
    /// <param name="factory">Makes blocks and formats.</param>
    IReadOnlyList<GraphPart> Decorate(IReadOnlyList<GraphPart> parts, BlockFactory factory);
}
