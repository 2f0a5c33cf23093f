namespace QuantumTrader.Dataflow;

/// <summary>Names the second port of a block with two inputs, which is also its key in YAML.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class SidePortAttribute(string name) : Attribute
{
    /// <summary>Name of the port, such as <c>market</c>.</summary>
    public string Name { get; } = name;

    /// <summary>The name on a block's class.</summary>
    internal static string Of(Type block) => ((SidePortAttribute?)GetCustomAttribute(block, typeof(SidePortAttribute)))?.Name
        ?? throw new GraphException($"{block.Name} has two inputs, but no [SidePort] that names the second.");
}

/// <summary>
/// Marks a block that puts its input in a new order and numbers its output itself, from 1: it is the root of the order of all that
/// follows.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ResequencesAttribute : Attribute;

/// <summary>
/// Makes a block merge inputs of different roots, whose sequences say nothing about each other: by a key of its own, inputs that come
/// first in the pipeline first when equal. An event goes ahead when every other input shows a later one or has ended, so the merged
/// order does not depend on threads; how far one input may run ahead of a quiet one is bounded by the capacity of its edge. The block
/// must be marked with <see cref="ResequencesAttribute"/>, and no source may reach it by two inputs: one would wait for the other.
/// </summary>
/// <typeparam name="T">Event type of the port <c>from</c>.</typeparam>
public interface IMergesBy<T> where T : struct, IEvent<T>
{
    /// <summary>What the inputs are merged by, such as the event time.</summary>
    long MergeKey(in T value);
}

/// <summary>Marks a block whose state is kept per partition key, so that several instances can run beside each other.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class PartitionedAttribute : Attribute;
