using System.Reflection;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>Reads block, section and format classes by reflection, without making any.</summary>
internal sealed class RegistryScanner(OptionsModelReader models, Func<Assembly, DocComments> comments, List<string> problems)
{
    private static readonly Type[] ContextTypes = [typeof(BlockContext), typeof(SectionContext), typeof(TimeProvider), typeof(IEventFormats)];

    public BlockType? ReadBlock(Type type, BlockAttribute attribute)
    {
        if (ReadShape(type) is not var (shape, inputs, output) || !HasKnownEvents(type, shape, inputs, output) || ReadConstructor(type) is not { } constructor || !TryReadOptions(type, constructor, out var options))
        {
            return null;
        }

        var block = new BlockType
        {
            Name = attribute.Type,
            Summary = attribute.Summary,
            Comments = comments(type.Assembly),
            Class = type,
            Constructor = constructor,
            Shape = shape,
            Inputs = inputs,
            Output = output,
            Options = options,
            Io = attribute.Io,
            Callback = attribute.Callback,
            FromBus = attribute.FromBus,
            Trading = attribute.Trading,
            Resequences = type.IsDefined(typeof(ResequencesAttribute)),
            MergesRoots = type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IMergesBy<>)),
            Partitioned = type.IsDefined(typeof(PartitionedAttribute)),
        };
        RejectClashes(block);
        return block;
    }

    public SectionType? ReadSection(Type type, SectionAttribute attribute)
    {
        if (PipelineKeys.All.Contains(attribute.Name))
        {
            problems.Add($"{type.Name}: '{attribute.Name}' is a key of every pipeline and cannot name a section");
        }

        return ReadConstructor(type) is { } constructor && TryReadOptions(type, constructor, out var options)
            ? new SectionType(attribute.Name, attribute.Summary, type, constructor, options)
            : null;
    }

    public FormatType? ReadFormat(Type type, EventFormatAttribute attribute)
    {
        if (BasesOf(type).FirstOrDefault(b => FormatType.Asked(b) is not null) is not { } format)
        {
            problems.Add($"{type.Name}: an event format derives from EventFormat");
            return null;
        }

        if (ReadConstructor(type) is not { } constructor)
        {
            return null;
        }

        if (constructor.GetParameters().Select(p => p.ParameterType).FirstOrDefault(p => p != typeof(SectionContext) && !p.IsDefined(typeof(SectionAttribute))) is { } other)
        {
            problems.Add($"{type.Name}: the constructor of an event format may take sections and a SectionContext, but takes {other.Name}");
            return null;
        }

        return new FormatType(attribute.Name, FormatType.Asked(format)!, type, constructor);
    }

    /// <summary>Sorts sections so that each comes behind those that its constructor needs.</summary>
    public IReadOnlyList<SectionType> InOrderOfNeed(IEnumerable<SectionType> sections, Func<ConstructorInfo, IEnumerable<Type>> needs)
    {
        var waiting = sections.ToList();
        var classes = waiting.Select(s => s.Class).ToHashSet();
        var ordered = new List<SectionType>();
        while (waiting.Count > 0)
        {
            var ready = waiting.FindIndex(s => !needs(s.Constructor).Any(n => classes.Contains(n) && !ordered.Exists(o => o.Class == n)));
            if (ready < 0)
            {
                problems.Add($"the sections {string.Join(", ", waiting.Select(s => s.Name))} need each other");
                return ordered;
            }

            ordered.Add(waiting[ready]);
            waiting.RemoveAt(ready);
        }

        return ordered;
    }

    private (BlockShape Shape, IReadOnlyList<Port> Inputs, Type Output)? ReadShape(Type type)
    {
        foreach (var shape in BasesOf(type).Where(b => b.IsGenericType))
        {
            var definition = shape.GetGenericTypeDefinition();
            var events = shape.GetGenericArguments();
            if (definition == typeof(Source<>))
            {
                return (BlockShape.Source, [], events[0]);
            }

            if (definition == typeof(Operator<,>))
            {
                return (BlockShape.Operator, [new Port(Port.Main, events[0])], events[1]);
            }

            if (definition == typeof(PropagatorBlock<,>))
            {
                return (BlockShape.Propagator, [new Port(Port.Main, events[0])], events[1]);
            }

            if (definition == typeof(Filter<>))
            {
                return (BlockShape.Filter, [new Port(Port.Main, events[0])], events[0]);
            }

            if (definition == typeof(Observer<>))
            {
                return (BlockShape.Observer, [new Port(Port.Main, events[0])], events[0]);
            }

            if (definition == typeof(Operator<,,>))
            {
                if (type.GetCustomAttribute<SidePortAttribute>() is { } side)
                {
                    return (BlockShape.Operator, [new Port(Port.Main, events[0]), new Port(side.Name, events[1])], events[2]);
                }

                problems.Add($"{type.Name}: a block with two inputs needs [SidePort(\"name\")]");
                return null;
            }
        }

        problems.Add($"{type.Name}: a block derives from Source, Operator, Filter, Observer or PropagatorBlock");
        return null;
    }

    private static IEnumerable<Type> BasesOf(Type type)
    {
        for (var walk = type.BaseType; walk is not null; walk = walk.BaseType)
        {
            yield return walk;
        }
    }

    /// <summary>A block may be open in one event type, which must be that of an input, so that it can be known, or of a source.</summary>
    private bool HasKnownEvents(Type type, BlockShape shape, IReadOnlyList<Port> inputs, Type output)
    {
        var parameters = type.IsGenericTypeDefinition ? type.GetGenericArguments() : [];
        var events = inputs.Select(p => p.EventType).Append(output);
        var good = parameters switch
        {
            [] => true,
            // Attributes aside, struct and IEvent<T> are what every event type keeps.
            [var parameter] => parameter.GetGenericParameterConstraints().Length <= 2
                && events.All(e => e == parameter || !e.ContainsGenericParameters)
                && (shape == BlockShape.Source ? output == parameter : inputs.Any(p => p.IsOpen)),
            _ => false,
        };
        if (!good)
        {
            problems.Add($"{type.Name}: a generic block has one type parameter, constrained to struct and IEvent of itself, which is the type of one of its inputs or of a source's output");
        }

        return good;
    }

    private ConstructorInfo? ReadConstructor(Type type)
    {
        if (type.IsAbstract || type.GetConstructors() is not [var constructor])
        {
            problems.Add($"{type.Name}: needs to be a class with exactly one public constructor");
            return null;
        }

        return constructor;
    }

    private bool TryReadOptions(Type type, ConstructorInfo constructor, out OptionsModel? options)
    {
        options = null;
        var parameters = constructor.GetParameters().Select(p => p.ParameterType).Except(ContextTypes);
        foreach (var parameter in parameters.Where(p => !p.IsDefined(typeof(SectionAttribute)) && FormatType.Asked(p) is null))
        {
            if (!parameter.Name.EndsWith("Options", StringComparison.Ordinal) || options is not null)
            {
                problems.Add($"{type.Name}: the constructor may take one options record, contexts, a TimeProvider, sections and event formats, but takes {parameter.Name}");
                return false;
            }

            try
            {
                options = models.Read(parameter);
            }
            catch (NotSupportedException e)
            {
                problems.Add($"{type.Name}: {e.Message}");
                return false;
            }
        }

        return true;
    }

    private void RejectClashes(BlockType block)
    {
        var ports = block.Inputs.Select(p => p.Name).ToList();
        var common = block.HasChosenEvents ? PipelineKeys.Common.Options.Concat(PipelineKeys.ChosenEvents.Options) : PipelineKeys.Common.Options;
        var taken = common.Select(o => o.Key).Concat(ports).Append("type").Append(Port.Main).ToHashSet(StringComparer.Ordinal);
        foreach (var option in block.Options?.Options.Where(o => taken.Contains(o.Key)) ?? [])
        {
            problems.Add($"{block.Class.Name}: the option '{option.Key}' has the name of a key that every block or this one's port has");
        }

        foreach (var port in ports.Skip(1).Where(p => p is Port.Main or "type" || PipelineKeys.Common[p] is not null))
        {
            problems.Add($"{block.Class.Name}: the port '{port}' has the name of a key that every block has");
        }
    }
}
