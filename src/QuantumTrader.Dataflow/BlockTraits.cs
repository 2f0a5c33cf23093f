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

/// <summary>Marks a block whose state is kept per partition key, so that several instances can run beside each other.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class PartitionedAttribute : Attribute;
