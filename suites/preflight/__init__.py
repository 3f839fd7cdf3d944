"""Preflight: may traffic go to this environment?"""
