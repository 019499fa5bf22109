"""The only rooms that speak to a parser: ``lexical`` (our line scanner), ``modern`` (LibCST), ``legacy`` (fissix)."""
