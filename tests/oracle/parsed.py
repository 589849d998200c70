"""What PostgreSQL's own parser says of a statement: classes, WHERE, tables.

Written from the nodes of PostgreSQL's parse tree and the list of classes in
docs/policy.md, without a look at how Guard's grammar does it.

`must` are the classes that a statement has, `may` those that it might be given
as well without being wrong.
"""

from pglast import ast, enums

DROPPED_TABLES = {"TABLE", "VIEW", "MATVIEW", "FOREIGN_TABLE"}
DDL_ADMIN = {
    "CreateExtensionStmt", "CreatePLangStmt", "CreatedbStmt", "CreateTableSpaceStmt",
    "CreateForeignServerStmt", "CreateSubscriptionStmt", "CreatePublicationStmt",
    "AlterExtensionStmt", "AlterExtensionContentsStmt", "AlterForeignServerStmt",
    "AlterSubscriptionStmt", "AlterPublicationStmt", "AlterDatabaseStmt",
    "AlterDatabaseSetStmt", "AlterDatabaseRefreshCollStmt", "AlterTableSpaceOptionsStmt",
    "DropdbStmt", "DropTableSpaceStmt", "DropSubscriptionStmt",
}
ROLES = {"CreateRoleStmt", "AlterRoleStmt", "AlterRoleSetStmt", "DropRoleStmt", "DropOwnedStmt",
         "CreatePolicyStmt", "AlterPolicyStmt", "CreateUserMappingStmt", "AlterUserMappingStmt",
         "DropUserMappingStmt"}
PLAIN = {
    "TransactionStmt": "transaction", "LockStmt": "transaction", "CallStmt": "call",
    "DoStmt": "dynamic", "ExecuteStmt": "session", "DeallocateStmt": "session",
    "DiscardStmt": "session", "VariableShowStmt": "session", "NotifyStmt": "session",
    "ListenStmt": "session", "UnlistenStmt": "session", "FetchStmt": "session",
    "ClosePortalStmt": "session", "TruncateStmt": "truncate", "GrantStmt": "grant",
    "GrantRoleStmt": "grant", "ReassignOwnedStmt": "grant",
    "AlterDefaultPrivilegesStmt": "grant", "VacuumStmt": "admin", "ClusterStmt": "admin",
    "ReindexStmt": "admin", "RefreshMatViewStmt": "admin", "LoadStmt": "admin",
    "CheckPointStmt": "admin", "ImportForeignSchemaStmt": "admin", "AlterSystemStmt": "admin",
    "SecLabelStmt": "admin", "CommentStmt": "alter",
}

# Classes that they have beside it.
MORE = {"LoadStmt": "into-file", "AlterSystemStmt": "into-file", "SecLabelStmt": "grant"}


# A lock that keeps readers out; LOCK without a mode takes it.
ACCESS_EXCLUSIVE = 8


def is_zero(count):
    """Is it LIMIT 0, which reads no rows?"""
    value = getattr(count, "val", None)
    return isinstance(count, ast.A_Const) and isinstance(value, ast.Integer) and not value.ival


def is_series(item):
    """Is it a list in FROM that the statement makes itself?"""
    if not isinstance(item, ast.RangeFunction):
        return False
    call = item.functions[0][0]
    return isinstance(call, ast.FuncCall) and call.funcname[-1].sval == "generate_series"


class Facts:
    """Facts of one text."""

    def __init__(self, safe):
        self.safe = safe
        self.must, self.may, self.where = set(), set(), set()
        self.tables, self.optional = set(), set()
        self.made = set()

    def add(self, *classes):
        self.must.update(classes)

    def table(self, access, relation, ctes=()):
        if relation is None or (not relation.schemaname and relation.relname in ctes):
            return
        parts = [relation.catalogname, relation.schemaname, relation.relname]
        self.tables.add((access, ".".join(part for part in parts if part)))

    # Statements.

    def statement(self, node, ctes=frozenset(), dry=False):
        kind = type(node).__name__
        method = getattr(self, "on_" + kind, None)
        if method:
            method(node, ctes, dry)
        elif kind in PLAIN:
            self.add(PLAIN[kind], *([MORE[kind]] if kind in MORE else ()))
            self.plain(node, kind)
        else:
            self.definition(node, kind)

    def plain(self, node, kind):
        if kind == "TruncateStmt":
            for relation in node.relations:
                self.table("destroy", relation)
        elif kind == "LockStmt":
            for relation in node.relations:
                self.table("read", relation)
            if node.mode == ACCESS_EXCLUSIVE:
                self.add("admin")
        elif kind in ("CallStmt", "ExecuteStmt", "DoStmt"):
            self.may.update(("function", "select"))
            # The arguments of CALL; the procedure itself is the class.
            call = getattr(node, "funccall", None)
            for argument in (call.args if call else getattr(node, "params", None)) or ():
                self.expression(argument, frozenset(), False)

    def definition(self, node, kind):
        verb = next((verb for verb in ("Alter", "Drop", "Create") if kind.startswith(verb)), None)
        if kind in ROLES:
            self.add("grant")
            if verb:
                self.may.add(verb.lower())
            return
        if kind in DDL_ADMIN:
            self.may.update(("admin", "grant"))
        # It copies from another server.
        if kind in ("CreateSubscriptionStmt", "AlterSubscriptionStmt"):
            self.may.add("replication")
        if kind == "RenameStmt":
            roles = node.renameType.name in ("OBJECT_ROLE", "OBJECT_POLICY")
            self.add("grant" if roles else "alter")
            self.may.update(("admin", "grant", "alter"))
            if not roles:
                self.optional_table("write", node.relation)
        elif kind == "CreateStmt":
            self.create_table(node.relation)
        elif kind == "CreateForeignTableStmt":
            self.create_table(node.base.relation)
        elif verb == "Create" or kind in ("DefineStmt", "IndexStmt", "ViewStmt", "RuleStmt", "CompositeTypeStmt"):
            self.add("create")
            self.may.update(("admin", "grant") if kind == "CreateFdwStmt" else ())
            self.created(node, kind)
        elif kind == "AlterTableStmt":
            self.alter_table(node)
        elif kind == "AlterOwnerStmt":
            self.add("alter", "grant")
            self.may.add("admin")
        elif verb == "Alter" or kind == "AlterObjectSchemaStmt":
            self.add("alter")
            self.may.update(("admin", "grant"))
            if hasattr(node, "relation"):
                self.optional_table("write", node.relation)
        elif verb == "Drop":
            self.add("drop")
            self.dropped(node, kind)
        else:
            self.add("?" + kind)

    def optional_table(self, access, relation):
        if relation is not None:
            parts = [relation.catalogname, relation.schemaname, relation.relname]
            self.optional.add((access, ".".join(part for part in parts if part)))

    def create_table(self, relation):
        temporary = relation.relpersistence == "t"
        self.add("session" if temporary else "create")
        self.may.update(("create",) if temporary else ())
        self.table("write", relation)
        if temporary:
            self.made.add(relation.relname)

    def created(self, node, kind):
        if kind == "IndexStmt":
            self.table("write", node.relation)
        elif kind == "ViewStmt":
            self.optional_table("write", node.view)
            self.dry_query(node.query)
        elif kind == "CreateSchemaStmt":
            for element in node.schemaElts or ():
                self.statement(element)

    def dry_query(self, query):
        """A query that is only written down: it reads, and runs nothing."""
        inner = Facts(self.safe)
        inner.statement(query, dry=True)
        self.may.update(inner.must | inner.may)
        self.tables.update(inner.tables)

    def alter_table(self, node):
        self.add("alter")
        kind = node.objtype.name[7:]
        for command in node.cmds:
            subtype = command.subtype.name[3:]
            if subtype in ("DropColumn",) or (
                subtype == "AlterColumnType" and command.def_.raw_default is not None
            ):
                self.add("alter-drop")
            elif subtype == "ChangeOwner":
                self.add("grant")
            elif subtype.startswith(("Disable", "NoForce")):
                self.add("grant")
            elif subtype.startswith(("Enable", "Force")):
                self.may.add("grant")
        if kind in DROPPED_TABLES:
            self.table("write", node.relation)
        else:
            self.optional_table("write", node.relation)

    def dropped(self, node, kind):
        if kind != "DropStmt":
            self.may.update(("admin", "grant"))
            return
        removed = node.removeType.name[7:]
        if removed in ("FUNCTION", "ROUTINE", "AGGREGATE") and self.all_temporary(node.objects):
            self.must.discard("drop")
            self.may.update(("drop", "session"))
        self.may.update(("admin", "grant"))
        if removed in DROPPED_TABLES:
            names = [tuple(part.sval for part in name) for name in node.objects]
            self.tables.update(("destroy", ".".join(name)) for name in names)
            if all(name[-1] in self.made for name in names):
                self.must.discard("drop")
                self.may.add("drop")

    def all_temporary(self, objects):
        """Are all of these functions the session's own?"""
        return all(len(one.objname) == 2 and one.objname[0].sval == "pg_temp" for one in objects)

    # Statements on rows.

    def with_clause(self, node, ctes, dry):
        clause = getattr(node, "withClause", None)
        if clause is None:
            return ctes
        names = frozenset(cte.ctename for cte in clause.ctes)
        inner = ctes
        for cte in clause.ctes:
            # A WITH query sees the ones before it, and with RECURSIVE all of them.
            seen = ctes | names if clause.recursive else inner
            self.statement(cte.ctequery, seen, dry)
            inner = inner | {cte.ctename}
        return ctes | names

    def note(self, kind, limited, dry):
        if not dry:
            self.where.add((kind, "some" if limited else "none"))

    def on_SelectStmt(self, node, ctes, dry):
        ctes = self.with_clause(node, ctes, dry)
        self.add("select")
        if node.intoClause and node.intoClause.rel:
            temporary = node.intoClause.rel.relpersistence == "t"
            self.add("select" if dry else "session" if temporary else "create")
            self.table("read" if dry else "write", node.intoClause.rel)
        if node.op != enums.SetOperation.SETOP_NONE:
            for side in (node.larg, node.rarg):
                self.on_SelectStmt(side, ctes, dry)
        reads = False
        for item in node.fromClause or ():
            reads |= self.item(item, ctes, dry)
        if reads and not is_zero(node.limitCount):
            self.note("select", node.whereClause is not None, dry)
        for name in ("targetList", "whereClause", "groupClause", "havingClause", "windowClause",
                     "valuesLists", "sortClause", "limitOffset", "limitCount", "distinctClause"):
            self.expression(getattr(node, name), ctes, dry)

    def item(self, node, ctes, dry):
        """An item of FROM; tells whether it is, or holds, a table."""
        if isinstance(node, ast.RangeVar):
            self.table("read", node, ctes)
            return bool(node.schemaname) or node.relname not in ctes
        if isinstance(node, ast.JoinExpr):
            left = self.item(node.larg, ctes, dry)
            right = self.item(node.rarg, ctes, dry)
            self.expression(node.quals, ctes, dry)
            return left | right
        if isinstance(node, ast.RangeTableSample):
            self.expression(node.args, ctes, dry)
            return self.item(node.relation, ctes, dry)
        self.expression(node, ctes, dry)
        return False

    def changed(self, node, kind, ctes, dry):
        ctes = self.with_clause(node, ctes, dry)
        self.add("select" if dry else kind)
        self.table("read" if dry else "write", node.relation)
        return ctes

    def on_InsertStmt(self, node, ctes, dry):
        ctes = self.changed(node, "insert", ctes, dry)
        query = node.selectStmt
        if query is not None and query.valuesLists and query.withClause is None:
            self.may.add("select")
            self.expression(query.valuesLists, ctes, dry)
        elif query is not None:
            self.on_SelectStmt(query, ctes, dry)
        if node.onConflictClause is not None and node.onConflictClause.targetList:
            # A list that the statement makes: an update of any rows.
            if query is not None and any(is_series(item) for item in query.fromClause or ()):
                self.note("update", True, dry)
        self.expression(node.onConflictClause, ctes, dry)
        self.expression(node.returningList, ctes, dry)

    def on_UpdateStmt(self, node, ctes, dry):
        ctes = self.changed(node, "update", ctes, dry)
        self.note("update", node.whereClause is not None, dry)
        for item in node.fromClause or ():
            self.item(item, ctes, dry)
        for name in ("targetList", "whereClause", "returningList"):
            self.expression(getattr(node, name), ctes, dry)

    def on_DeleteStmt(self, node, ctes, dry):
        ctes = self.changed(node, "delete", ctes, dry)
        self.note("delete", node.whereClause is not None, dry)
        for item in node.usingClause or ():
            self.item(item, ctes, dry)
        for name in ("whereClause", "returningList"):
            self.expression(getattr(node, name), ctes, dry)

    def on_MergeStmt(self, node, ctes, dry):
        ctes = self.changed(node, "merge", ctes, dry)
        self.item(node.sourceRelation, ctes, dry)
        self.expression(node.joinCondition, ctes, dry)
        self.note("merge", True, dry)
        for when in node.mergeWhenClauses:
            command = when.commandType.name[4:].lower()
            if command in ("insert", "update", "delete"):
                self.add("select" if dry else command)
                if command != "insert":
                    self.note(command, True, dry)
            self.expression(when.condition, ctes, dry)
            self.expression(when.targetList, ctes, dry)
            self.expression(when.values, ctes, dry)

    def expression(self, node, ctes, dry):
        if isinstance(node, tuple):
            for part in node:
                self.expression(part, ctes, dry)
        elif isinstance(node, ast.SelectStmt):
            self.on_SelectStmt(node, ctes, dry)
        elif isinstance(node, ast.Node):
            if isinstance(node, ast.FuncCall):
                names = [part.sval for part in node.funcname]
                if names[:-1] not in ([], ["pg_catalog"]) or names[-1] not in self.safe:
                    self.add("set" if names[-1] == "set_config" else "function")
                    self.may.update(("function", "set"))
            for name in node:
                self.expression(getattr(node, name), ctes, dry)

    # Statements around others.

    def on_ExplainStmt(self, node, ctes, dry):
        dry = True
        for option in node.options or ():
            if option.defname == "analyze":
                value = option.arg
                text = str(getattr(value, "sval", getattr(value, "ival", getattr(value, "boolval", "on"))))
                dry = text.lower() in ("off", "false", "0")
        self.add("select")
        inner = type(node.query).__name__
        if dry and inner not in ("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"):
            # EXPLAIN of CREATE TABLE AS, DECLARE, EXECUTE: planned only.
            found = Facts(self.safe)
            found.statement(node.query)
            self.may.update(found.must | found.may)
            self.optional.update(found.tables | found.optional)
        else:
            self.statement(node.query, ctes, dry)

    def on_CreateTableAsStmt(self, node, ctes, dry):
        temporary = node.into.rel.relpersistence == "t"
        view = node.objtype.name == "OBJECT_MATVIEW"
        self.add("session" if temporary and not view else "create")
        self.may.update(("create",) if temporary else ())
        self.table("write", node.into.rel)
        self.statement(node.query, ctes, dry)

    def on_DeclareCursorStmt(self, node, ctes, dry):
        self.add("session")
        self.statement(node.query, ctes, dry)

    def on_PrepareStmt(self, node, ctes, dry):
        self.add("session")
        self.statement(node.query, ctes, dry)

    def on_CopyStmt(self, node, ctes, dry):
        if node.is_program:
            self.add("copy-program")
        elif node.is_from:
            self.add("copy-in", *(("admin", "into-file") if node.filename else ()))
        else:
            self.add("copy-out", *(("into-file",) if node.filename else ()))
        if node.relation is not None:
            self.table("write" if node.is_from else "read", node.relation)
            if not node.is_from:
                self.note("select", False, dry)
        else:
            self.statement(node.query, ctes, dry)
        self.expression(node.whereClause, ctes, dry)

    def on_VariableSetStmt(self, node, ctes, dry):
        self.add("set")
        if node.name in ("role", "session_authorization"):
            self.may.add("grant")
        if node.name == "row_security":
            self.may.add("admin")
        if node.kind.name in ("VAR_SET_MULTI",):
            self.may.add("transaction")

    def on_ConstraintsSetStmt(self, node, ctes, dry):
        self.may.update(("set", "transaction"))


def facts(tree, safe):
    """Facts of a parsed text, as plain data."""
    found = Facts(safe)
    for raw in tree:
        found.statement(raw.stmt)
    return {
        "must": sorted(found.must),
        "may": sorted(found.may | found.must),
        "where": sorted(found.where),
        "tables": sorted(found.tables),
        "optional": sorted(found.optional),
    }
